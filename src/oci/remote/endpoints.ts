import { invalid } from '#lib/errors';
import type { Reference } from '#oci/reference';
import type { Credentials } from './auth.ts';
import { Endpoint } from './endpoint.ts';
import type { Capability } from './hosts-file.ts';
import { isLoopback } from './loopback.ts';
import type { Proxies } from './proxies.ts';
import { Transport } from './transport.ts';

/** How a host is reached that has a registry's content: the registry itself, or another one. */
export interface RegistryHost {
  readonly url: string;
  readonly capabilities: ReadonlySet<Capability>;
  /** Accept any certificate. */
  readonly insecure: boolean;
  /** PEM, in addition to the system's. */
  readonly ca?: string | Buffer | undefined;
  /** PEM of a client certificate. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** Sent to this host with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The URL's path is the root of the API, instead of `/v2`. */
  readonly overridePath?: boolean | undefined;
  /** Milliseconds. */
  readonly connectTimeout?: number | undefined;
  readonly proxy?: string | undefined;
  /** It is the registry itself: it may see the user's credentials. */
  readonly trusted?: boolean | undefined;
}

export interface RemoteOptions {
  readonly auth?: Credentials | undefined;
  /** The token server is asked for an identity token too: see `Repository.login`. */
  readonly offline?: boolean | undefined;
  /** Accept any certificate and fall back to plain http. Always so for loopback. */
  readonly insecure?: boolean | undefined;
  /** Base URLs asked before the registry itself, for pulls only; they are never sent the credentials. */
  readonly mirrors?: readonly string[] | undefined;
  /** Asked before the mirrors, for what each is capable of. */
  readonly hosts?: readonly RegistryHost[] | undefined;
  /** In place of the registry. */
  readonly server?: RegistryHost | undefined;
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
  /** Milliseconds without a byte of an answer, after which the registry is given up. Default: a minute. */
  readonly stallTimeout?: number | undefined;
}

/** An endpoint, and what may be asked of it. */
export interface Source {
  readonly endpoint: Endpoint;
  readonly capabilities: ReadonlySet<Capability>;
}

/** Docker Hub's API is not at the domain that its images are named by, and nothing lets a client find out. */
const API_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };
const MIRROR: ReadonlySet<Capability> = new Set(['pull', 'resolve']);
const EVERYTHING: ReadonlySet<Capability> = new Set(['pull', 'resolve', 'push']);

/** Where to ask for a reference, in this order; the last one is the registry. @throws invalid */
export function sourcesOf(reference: Reference, options: RemoteOptions): Source[] {
  const { hosts = [], mirrors = [], server } = options;
  const ofHost = (host: RegistryHost): Source => ({
    endpoint: hostEndpoint(reference, host, options),
    capabilities: host.capabilities,
  });
  return [
    ...hosts.map(ofHost),
    ...mirrors.map((mirror) => ({ endpoint: mirrorEndpoint(mirror, options), capabilities: MIRROR })),
    server ? ofHost(server) : { endpoint: registryEndpoint(reference, options), capabilities: EVERYTHING },
  ];
}

function registryEndpoint({ domain }: Reference, options: RemoteOptions): Endpoint {
  const { auth, ca, cert, key, endpoint } = options;
  const secure = baseUrl(endpoint ?? `https://${apiHostOf(domain)}`);
  const insecure = options.insecure === true || isLoopback(secure.hostname);
  const candidates = insecure && endpoint === undefined ? [secure, baseUrl(`http://${domain}`)] : [secure];
  return new Endpoint({ candidates }, { ...common(options), insecure, ca, cert, key }, auth);
}

function hostEndpoint({ domain }: Reference, host: RegistryHost, options: RemoteOptions): Endpoint {
  const url = baseUrl(host.url);
  const itself = url.host === baseUrl(`https://${apiHostOf(domain)}`).host || url.host === domain;
  const overridden = host.overridePath === true;
  // Some write the API's own path, too.
  if (!overridden) url.pathname = url.pathname.replace(/\/v2\/$/, '/');
  const place = {
    candidates: [url],
    apiPath: overridden ? '' : 'v2/',
    headers: host.headers,
    // It may serve several registries, and is told which one is meant.
    namespace: itself ? undefined : domain,
  };
  const { insecure, ca, cert, key, connectTimeout, proxy } = host;
  const transport = { ...common(options), insecure, ca, cert, key, connectTimeout, proxy };
  return new Endpoint(place, transport, itself || host.trusted ? options.auth : undefined);
}

function mirrorEndpoint(mirror: string, options: RemoteOptions): Endpoint {
  const url = baseUrl(mirror);
  const transport = { ...common(options), insecure: isLoopback(url.hostname), ca: options.ca };
  return new Endpoint({ candidates: [url] }, transport);
}

/** For servers that are no registries. */
export const foreignTransport = (options: RemoteOptions): Transport =>
  new Transport({ ...common(options), insecure: false });

export const apiHostOf = (domain: string): string => API_HOSTS[domain] ?? domain;

const common = ({ userAgent = 'berth', retryDelay = 250, ...options }: RemoteOptions) => ({
  userAgent,
  retryDelay,
  proxies: options.proxies,
  stallTimeout: options.stallTimeout,
  offline: options.offline === true,
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
