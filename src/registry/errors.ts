import { BerthError, type ErrorKind, isKind } from '#lib/errors';
import { isDiskFull } from '#store';

/** Error codes of the distribution spec ("Error Codes"), and those that Docker's registry adds. */
export type Code =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'PAGINATION_NUMBER_INVALID'
  | 'RANGE_INVALID'
  | 'SIZE_INVALID'
  | 'TAG_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNAVAILABLE'
  | 'UNKNOWN'
  | 'UNSUPPORTED';

const STATUS: Readonly<Record<Code, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
};

const KIND: Readonly<Record<number, ErrorKind>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  405: 'unsupported',
  429: 'unavailable',
  500: 'system',
  502: 'unavailable',
  503: 'unavailable',
};

export interface RefusalOptions {
  /** What the error is about; shown as `detail`. */
  readonly detail?: unknown;
  /** Where it is not the code's usual one. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Why a request is refused, in the spec's words. `message` is for people. */
export class Refusal extends BerthError {
  override readonly name = 'Refusal';
  readonly code: Code;
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: Code, message: string, options: RefusalOptions = {}) {
    const status = options.status ?? STATUS[code];
    super(KIND[status] ?? 'invalid', message, { cause: options.cause });
    this.code = code;
    this.status = status;
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }
}

/** Anything thrown, as it is told to a client: what broke inside is not. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isKind(error, 'unavailable')) return new Refusal('UNAVAILABLE', error.message, { cause: error });
  if (isDiskFull(error))
    return new Refusal('UNAVAILABLE', 'the storage is full', { status: 507, cause: error });
  return new Refusal('UNKNOWN', 'internal error: the log of the registry says more', { cause: error });
}
