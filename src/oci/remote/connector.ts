import { getCACertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { codeOf, messageOf } from '#lib/errors';
import { environmentProxies, type Proxies, proxyFor } from './proxies.ts';

export interface TlsOptions {
  /** Certificates are not checked. */
  readonly insecure: boolean;
  /** PEM; in addition to the system's. */
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

export interface ConnectorOptions extends TlsOptions {
  /** Default: those of the environment. */
  readonly proxies?: Proxies | undefined;
  /** URL of the proxy for everything, whatever the proxies are otherwise. */
  readonly proxy?: string | undefined;
  /** Milliseconds. */
  readonly connectTimeout?: number | undefined;
}

type Undici = typeof import('undici');

const CONNECT_TIMEOUT = 15_000;

/** Connections to whatever a registry leads to, each by the proxy that its URL needs. */
export class Connector implements AsyncDisposable {
  readonly #options: ConnectorOptions;
  /** By the proxy's URL; empty: none. */
  readonly #agents = new Map<string, Dispatcher>();
  #undici: Promise<Undici> | undefined;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** undici is loaded when the first registry is spoken to: a daemon that never does is smaller and starts sooner. */
  async for(url: URL): Promise<{ readonly undici: Undici; readonly agent: Dispatcher }> {
    this.#undici ??= import('undici');
    const undici = await this.#undici;
    const { proxies = environmentProxies(), proxy = proxyFor(url, proxies) } = this.#options;
    const key = proxy ?? '';
    const agent = this.#agents.get(key) ?? this.#connect(undici, proxy);
    this.#agents.set(key, agent);
    return { undici, agent };
  }

  #connect(undici: Undici, proxy: string | undefined): Dispatcher {
    const { connectTimeout: timeout = CONNECT_TIMEOUT } = this.#options;
    const connect = { timeout, ...tlsOptions(this.#options) };
    if (proxy === undefined) return new undici.Agent({ connect });
    const uri = proxy.replace(/^socks5h:/, 'socks5:');
    // Proxies let connections pass to ports of https only; of a plain request they want to see what it asks for.
    const plain = { proxyTunnel: false, proxyTls: { timeout } };
    const clientFactory = (url: URL, options: object) => toProxy(new undici.Pool(url, options));
    return new undici.ProxyAgent({ ...plain, uri, connect, requestTls: connect, clientFactory });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }
}

/**
 * undici takes a lost socket for a reason to try again at once and for ever, also when it is the proxy that hangs up
 * instead of answering: here it is a failure like others.
 */
function toProxy(client: Dispatcher): Dispatcher {
  const tunnel = client.connect.bind(client) as (options: Dispatcher.ConnectOptions) => Promise<unknown>;
  const connect = async (options: Dispatcher.ConnectOptions) => {
    try {
      return await tunnel(options);
    } catch (error) {
      if (codeOf(error) !== 'UND_ERR_SOCKET') throw error;
      const message = `the proxy made no tunnel: ${messageOf(error)}`;
      throw Object.assign(new Error(message, { cause: error }), { code: 'ECONNRESET' });
    }
  };
  client.connect = connect as typeof client.connect;
  return client;
}

function tlsOptions({ insecure, ca, cert, key }: TlsOptions) {
  if (insecure) return { rejectUnauthorized: false, ...(cert && key && { cert, key }) };
  const trusted = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return { ca: [...trusted, ...(ca ? [ca.toString()] : [])], ...(cert && key && { cert, key }) };
}
