import { BerthError, type ErrorKind, messageOf } from '#lib/errors';

/** An error on its way between threads: its class does not survive it, what it says does. */
export interface PackedError {
  readonly kind: ErrorKind | undefined;
  readonly message: string;
  /** Its own fields: `code`, `errno`, `syscall`... */
  readonly fields: Readonly<Record<string, unknown>>;
}

export function packError(error: unknown): PackedError {
  return {
    kind: error instanceof BerthError ? error.kind : undefined,
    message: messageOf(error),
    fields: error instanceof Error ? plainFields(error) : {},
  };
}

/** A BerthError where it was one, with the fields that it had. */
export function unpackError({ kind, message, fields }: PackedError): Error {
  return Object.assign(kind ? new BerthError(kind, message) : new Error(message), fields);
}

/** What postMessage takes for sure. */
const plainFields = (error: Error): Record<string, unknown> =>
  Object.fromEntries(Object.entries(error).filter(([, value]) => isPlain(value)));

const isPlain = (value: unknown): boolean =>
  ['string', 'number', 'boolean'].includes(typeof value) || (Array.isArray(value) && value.every(isPlain));
