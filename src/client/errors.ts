import { BerthError, codeOf, type ErrorKind, messageOf } from '#lib/errors';
import type { Host } from './host.ts';

const KINDS: Readonly<Record<number, ErrorKind>> = {
  304: 'not-modified',
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  501: 'unsupported',
  503: 'unavailable',
};

/** The daemon answered with an error: its own text, and the HTTP status. */
export class ResponseError extends BerthError {
  override readonly name = 'ResponseError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(KINDS[status] ?? (status < 500 ? 'invalid' : 'system'), message);
    this.status = status;
  }
}

/** No answer: the daemon is not there, may not be spoken to, or went away in the middle. */
export class ConnectionError extends BerthError {
  override readonly name = 'ConnectionError';

  constructor(message: string, cause?: unknown) {
    super('unavailable', message, { cause });
  }
}

/** What a failed `connect` means for the user. */
export function cannotConnect(host: Host, cause: unknown): ConnectionError {
  switch (codeOf(cause)) {
    case 'EACCES':
    case 'EPERM':
      return new ConnectionError(
        `permission denied while trying to connect to the Berth daemon at ${host.url}. Run as root, or join the group that owns the socket.`,
        cause,
      );
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new ConnectionError(
        `Cannot connect to the Berth daemon at ${host.url}. Is berthd running?`,
        cause,
      );
    default:
      return new ConnectionError(
        `Cannot connect to the Berth daemon at ${host.url}: ${messageOf(cause)}. Is berthd running?`,
        cause,
      );
  }
}
