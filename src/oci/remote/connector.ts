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

/** URLs of proxies for http: and https:, and the hosts that are reached without one, separated by commas. */
export interface Proxies {
  readonly http: string;
  readonly https: string;
  readonly none: string;
}

const CONNECT_TIMEOUT = 15_000;

/** undici is loaded when the first registry is spoken to: a daemon that never does is smaller and starts sooner. */
export async function connector(
  url: URL,
  options: TlsOptions & { readonly proxies?: Proxies | undefined },
): Promise<{ readonly undici: typeof import('undici'); readonly agent: Dispatcher }> {
  const undici = await import('undici');
  const tls = url.protocol === 'https:' ? tlsOptions(options) : {};
  const connect = { timeout: CONNECT_TIMEOUT, ...tls };
  // As Go does it: a proxy is never asked for this host itself.
  const proxies = isLoopback(url.hostname) ? undefined : (options.proxies ?? environmentProxies());
  const agent = proxies
    ? new undici.EnvHttpProxyAgent({
        connect,
        requestTls: connect,
        httpProxy: proxies.http,
        httpsProxy: proxies.https,
        noProxy: proxies.none,
      })
    : new undici.Agent({ connect });
  return { undici, agent };
}

function environmentProxies(): Proxies | undefined {
  const read = (name: string) => env[name] || env[name.toUpperCase()] || '';
  const [http, https] = [read('http_proxy'), read('https_proxy')];
  return http || https ? { http, https, none: read('no_proxy') } : undefined;
}

function tlsOptions({ insecure, ca, cert, key }: TlsOptions) {
  if (insecure) return { rejectUnauthorized: false, ...(cert && key && { cert, key }) };
  const trusted = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return { ca: [...trusted, ...(ca ? [ca.toString()] : [])], ...(cert && key && { cert, key }) };
}
