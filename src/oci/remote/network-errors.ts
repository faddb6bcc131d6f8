import { BerthError, codeOf, messageOf, unavailable } from '#lib/errors';

/** The registry could not be reached or the connection broke. */
export class NetworkError extends BerthError {
  override readonly name = 'NetworkError';
  /** Another attempt may succeed. */
  readonly transient: boolean;
  /** The other side speaks no TLS, or no TLS that we trust. */
  readonly tls: boolean;

  constructor(what: string, cause: unknown) {
    const code = codeOf(cause) ?? '';
    const tls = isTlsFailure(code);
    super('unavailable', `${what}: ${reason(code, cause)}`, { cause });
    this.transient = TRANSIENT.has(code);
    this.tls = tls;
  }
}

const TRANSIENT = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

const PLAIN_HTTP = new Set([
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
]);

const isTlsFailure = (code: string): boolean =>
  PLAIN_HTTP.has(code) || /^ERR_(SSL|TLS)_|CERT|UNABLE_TO_/.test(code);

function reason(code: string, cause: unknown): string {
  if (PLAIN_HTTP.has(code))
    return 'http: server gave HTTP response to HTTPS client (for a registry without TLS, configure it as insecure)';
  if (isTlsFailure(code)) return `tls: failed to verify certificate: ${messageOf(cause)}`;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND') return 'no such host';
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'connection timed out';
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return 'timed out while waiting for an answer';
  return messageOf(cause) || code;
}

export const badRedirect = (url: URL, why: string) => unavailable(`registry ${url.host} redirects ${why}`);
