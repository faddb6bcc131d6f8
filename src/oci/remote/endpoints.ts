import { invalid } from '#lib/errors';
import type { Reference } from '#oci/reference';
import type { Credentials } from './auth.ts';
import type { Proxies } from './connector.ts';
import { Endpoint } from './endpoint.ts';
import { isLoopback } from './loopback.ts';

export interface RemoteOptions {
  readonly auth?: Credentials | undefined;
  /** Accept any certificate and fall back to plain http. Always so for loopback. */
  readonly insecure?: boolean | undefined;
  /** Base URLs asked before the registry itself, for pulls only; they are never sent the credentials. */
  readonly mirrors?: readonly string[] | undefined;
  /** Base URL of the registry's API, where it is not `https://<domain>`. */
  readonly endpoint?: string | undefined;
  /** PEM, in addition to the system's. */
  readonly ca?: string | Buffer | undefined;
  /** PEM of a client certificate. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly userAgent?: string | undefined;
  /** Default: those of the environment. */
  readonly proxies?: Proxies | undefined;
  /** Of a blob's download, in a row without a byte between them. Default 5. */
  readonly downloadAttempts?: number | undefined;
  /** Milliseconds before a failed request is repeated; doubled each time. Default 250. */
  readonly retryDelay?: number | undefined;
}

/** Docker Hub's API is not at the domain that its images are named by, and nothing lets a client find out. */
const API_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** The registry of a reference. @throws invalid */
export function registryEndpoint({ domain }: Reference, options: RemoteOptions): Endpoint {
  const { auth, ca, cert, key, endpoint } = options;
  const secure = baseUrl(endpoint ?? `https://${API_HOSTS[domain] ?? domain}`);
  const insecure = options.insecure === true || isLoopback(secure.hostname);
  const candidates = insecure && endpoint === undefined ? [secure, baseUrl(`http://${domain}`)] : [secure];
  return new Endpoint(candidates, { ...common(options), insecure, ca, cert, key }, auth);
}

/** @throws invalid */
export function mirrorEndpoint(mirror: string, options: RemoteOptions): Endpoint {
  const url = baseUrl(mirror);
  return new Endpoint([url], { ...common(options), insecure: isLoopback(url.hostname), ca: options.ca });
}

const common = ({ userAgent = 'berth', retryDelay = 250, proxies }: RemoteOptions) => ({
  userAgent,
  retryDelay,
  proxies,
});

/** Where a host may be reached: with TLS, and without for one that is insecure or this machine. @throws invalid */
export function baseUrls(host: string, insecure: boolean): URL[] {
  const secure = baseUrl(`https://${host}`);
  return insecure || isLoopback(secure.hostname) ? [secure, baseUrl(`http://${host}`)] : [secure];
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) {
    throw invalid(`invalid registry URL: "${text}"`);
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
