import { BerthError, codeOf, type ErrorKind, messageOf } from '#lib/errors';

/** The only place that knows which HTTP status an error of the engine is. */
const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'not-modified': 304,
  unsupported: 501,
  unavailable: 503,
  cancelled: 500,
  system: 500,
};

/** What the kernel says of a path that can be none, whatever there is on disk. */
const IMPOSSIBLE_PATHS = new Set(['ENAMETOOLONG', 'ELOOP']);

/** A failure of HTTP itself, which no domain knows. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  /** The message itself is the body, instead of JSON. */
  readonly plain: boolean;

  constructor(status: number, message: string, { plain = false }: { readonly plain?: boolean } = {}) {
    super(message);
    this.status = status;
    this.plain = plain;
  }
}

export function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  if (error instanceof BerthError) return STATUS[error.kind];
  return IMPOSSIBLE_PATHS.has(codeOf(error) ?? '') ? 400 : 500;
}

/** Go's clients take the message for the whole story: never empty. */
export const bodyOf = (error: unknown): { message: string } => ({
  message: messageOf(error) || 'unknown error',
});
