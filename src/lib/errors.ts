/** What went wrong, in terms every edge can map: HTTP status, gRPC code or exit code. */
export type ErrorKind =
  /** The caller's input is wrong. HTTP 400. */
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  /** The state of the object does not allow it now. HTTP 409. */
  | 'conflict'
  /** Nothing to do: it is so already. HTTP 304. */
  | 'not-modified'
  /** A feature that this build or this host does not have. HTTP 501. */
  | 'unsupported'
  /** Something needed is away for now: a registry, a runtime. HTTP 503. */
  | 'unavailable'
  | 'cancelled'
  /** The host refused or broke. HTTP 500. */
  | 'system';

/**
 * The error of every domain. `message` is written for the user: it names what was
 * wrong and, where it can, what to do.
 */
export class BerthError extends Error {
  override readonly name: string = 'BerthError';
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export const invalid = (message: string, cause?: unknown) => new BerthError('invalid', message, { cause });
export const forbidden = (message: string, cause?: unknown) =>
  new BerthError('forbidden', message, { cause });
export const notFound = (message: string, cause?: unknown) => new BerthError('not-found', message, { cause });
export const conflict = (message: string, cause?: unknown) => new BerthError('conflict', message, { cause });
export const notModified = (message: string) => new BerthError('not-modified', message);
export const unsupported = (message: string, cause?: unknown) =>
  new BerthError('unsupported', message, { cause });
export const unavailable = (message: string, cause?: unknown) =>
  new BerthError('unavailable', message, { cause });
export const cancelled = (message = 'the operation was cancelled') => new BerthError('cancelled', message);
export const systemError = (message: string, cause?: unknown) => new BerthError('system', message, { cause });

/** True when `error` is a BerthError of that kind. */
export const isKind = (error: unknown, kind: ErrorKind): error is BerthError =>
  error instanceof BerthError && error.kind === kind;

/** The text of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The errno name (`ENOENT`) of a Node or kernel error, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
