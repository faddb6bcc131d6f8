import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseReference, type Reference } from '#oci/reference';
import type { RemoteOptions } from '../endpoints.ts';
import { Remote, type Repository } from '../index.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback that misbehaves as told. `GET /v2/` is answered unless a handler wants it. */
export class FakeRegistry implements AsyncDisposable {
  readonly #server: Server;
  readonly #handlers = new Map<string, Handler>();
  /** `METHOD path` of every request that came. */
  readonly log: string[] = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      const key = `${request.method} ${request.url}`;
      this.log.push(key);
      const handler =
        this.#handlers.get(key) ?? this.#handlers.get(`${request.method} ${request.url?.split('?')[0]}`);
      if (handler) handler(request, response);
      else response.writeHead(key === 'GET /v2/' ? 200 : 404).end();
    });
  }

  static async start(): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  on(request: string, handler: Handler): void {
    this.#handlers.set(request, handler);
  }

  /** One handler a request, the last one for all that follow. */
  onEach(request: string, ...handlers: Handler[]): void {
    let count = 0;
    this.on(request, (incoming, response) =>
      handlers[Math.min(count++, handlers.length - 1)]?.(incoming, response),
    );
  }

  requests(prefix: string): number {
    return this.log.filter((line) => line.startsWith(prefix)).length;
  }

  reference(path = 'app'): Reference {
    return parseReference(`${this.host}/${path}`);
  }

  repository(options: RemoteOptions = {}): Repository {
    return Remote.repository(this.reference(), {
      endpoint: `http://${this.host}`,
      retryDelay: 1,
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
