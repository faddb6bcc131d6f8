import { env } from 'node:process';
import { getCACertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { isLoopback } from './loopback.ts';

export interface TlsOptions {
  /** Certificates are not checked. */
  readonly insecure: boolean;
  /** PEM; in addition to the system's. */
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

const CONNECT_TIMEOUT = 15_000;

/** undici is loaded when the first registry is spoken to: a daemon that never does is smaller and starts sooner. */
export async function connector(
  url: URL,
  options: TlsOptions,
): Promise<{ readonly undici: typeof import('undici'); readonly agent: Dispatcher }> {
  const undici = await import('undici');
  const tls = url.protocol === 'https:' ? tlsOptions(options) : {};
  const connect = { timeout: CONNECT_TIMEOUT, ...tls };
  // As Go does it: a proxy is never asked for this host itself.
  const proxied =
    !isLoopback(url.hostname) &&
    ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((name) => env[name]);
  const agent = proxied
    ? new undici.EnvHttpProxyAgent({ connect, requestTls: connect })
    : new undici.Agent({ connect });
  return { undici, agent };
}

function tlsOptions({ insecure, ca, cert, key }: TlsOptions) {
  if (insecure) return { rejectUnauthorized: false, ...(cert && key && { cert, key }) };
  const trusted = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return { ca: [...trusted, ...(ca ? [ca.toString()] : [])], ...(cert && key && { cert, key }) };
}
