import { ConnectionError } from '../errors.ts';
import type { Host, TlsFiles } from '../host.ts';
import { Connection, type Hijacked, type Request, type Response } from './connection.ts';
import { type Channel, dial, dialStream } from './dial.ts';

/** More than one client ever uses at a time; the rest is closed. */
const MAX_IDLE = 8;

/** Keeps connections to one daemon: hands out an idle one or dials. */
export class Transport implements Disposable {
  readonly host: Host;
  readonly #tls: TlsFiles | undefined;
  readonly #idle: Connection[] = [];
  #dialing: Promise<Connection>[] = [];
  #closed = false;

  constructor(host: Host, tls?: TlsFiles) {
    this.host = host;
    this.#tls = tls;
  }

  /** Opens connections ahead of their use. A failure shows when one of them is used. */
  warm(count: number): void {
    for (let i = 0; i < count; i++) {
      const dialing = this.#open();
      dialing.then(
        (connection) => connection.unref(),
        () => {},
      );
      this.#dialing.push(dialing);
    }
  }

  /** @throws ConnectionError, cancelled */
  send(request: Request, signal?: AbortSignal): Promise<Response> {
    return this.#withRetry(request, signal, (connection) =>
      connection.send(this.#addressed(request), signal),
    );
  }

  /** @throws ConnectionError, cancelled */
  upgrade(request: Request, signal?: AbortSignal): Promise<Hijacked | Response> {
    return this.#withRetry(request, signal, (connection) =>
      connection.upgrade(this.#addressed(request), signal),
    );
  }

  /** A connection that is the caller's own. @throws ConnectionError, cancelled */
  dial(signal?: AbortSignal): Promise<Channel> {
    return dialStream(this.host, this.#tls, signal);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** A kept connection may have been closed by the daemon meanwhile: then, and only then, once more on a new one. */
  async #withRetry<T>(
    request: Request,
    signal: AbortSignal | undefined,
    use: (connection: Connection) => Promise<T>,
  ) {
    const connection = await this.#take(signal);
    const wasKept = connection.served > 0;
    try {
      return await use(connection);
    } catch (error) {
      // A POST might have been carried out before the connection broke.
      const replayable = request.method === 'GET' || request.method === 'HEAD';
      if (!wasKept || !replayable || !(error instanceof ConnectionError) || signal?.aborted) throw error;
    }
    return use(await this.#open(signal));
  }

  async #take(signal: AbortSignal | undefined): Promise<Connection> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.usable) return idle;
    }
    const ahead = this.#dialing.shift();
    if (!ahead) return this.#open(signal);
    const connection = await ahead;
    return connection.usable ? connection : this.#open(signal);
  }

  async #open(signal?: AbortSignal): Promise<Connection> {
    return new Connection(await dial(this.host, this.#tls, signal), (connection) => this.#keep(connection));
  }

  #keep(connection: Connection): void {
    if (this.#closed || this.#idle.length >= MAX_IDLE) {
      connection.close();
      return;
    }
    connection.unref();
    this.#idle.push(connection);
  }

  #addressed(request: Request): Request {
    const { host } = this;
    const prefix = host.kind === 'tcp' ? host.prefix : '';
    const name = host.kind === 'tcp' ? authority(host.address, host.port) : 'berth';
    return { ...request, path: prefix + request.path, headers: { Host: name, ...request.headers } };
  }
}

const authority = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
