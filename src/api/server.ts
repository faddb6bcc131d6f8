import { type IncomingMessage, type Server, type ServerOptions, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Engine } from '#engine';
import { messageOf, notFound } from '#lib/errors';
import type { Logger } from '#lib/log';
import { header, MAX_API_VERSION, MIN_API_VERSION } from '#protocol';
import { statusOf } from './errors.ts';
import { Exchange } from './exchange.ts';
import { Query } from './query.ts';
import type { Router } from './router.ts';
import { allRoutes } from './routes/index.ts';
import { upgradeBody } from './streams/upgrade-body.ts';
import { splitVersion, versionFor } from './version-prefix.ts';

/** How long what is under way may take to end once the server closes, in milliseconds. */
const CLOSING_TIME = 2_000;
const SWEEP_INTERVAL = 20;

export interface ApiOptions {
  readonly engine: Engine;
  readonly log: Logger;
  /** Of this program. */
  readonly version: string;
  readonly gitCommit?: string;
  /** Shown by info. */
  readonly debug?: () => boolean;
  /** Oldest version of the API that clients may speak. Default: the oldest there is. */
  readonly minApiVersion?: string;
  /** Clients are told that experimental features are welcome. */
  readonly experimental?: boolean;
}

/** What a node:http or node:https server for this API is made with. */
export const serverOptions: ServerOptions = {
  keepAlive: true,
  keepAliveInitialDelay: 15_000,
  // Go's limit; registry credentials travel in headers.
  maxHeaderSize: 1024 * 1024,
  // Archives arrive for as long as they take, connections rest for as long as they like (Go's clients
  // reuse one and take a close in that instant for a failure). Bounded bodies have a timeout of their own.
  requestTimeout: 0,
  keepAliveTimeout: 0,
};

/** Docker's Engine API over an engine: routes requests of any number of HTTP servers. */
export class Api {
  readonly #router: Router;
  readonly #log: Logger;
  readonly #serverHeader: string;
  readonly #experimental: boolean;
  readonly #minApiVersion: string;
  /** Of exchanges under way: aborted when the client goes, all of them when the server closes. */
  readonly #underWay = new Set<AbortController>();
  readonly #upgraded = new Set<Duplex>();
  readonly #servers: Server[] = [];

  constructor(options: ApiOptions) {
    this.#router = allRoutes(options);
    this.#log = options.log;
    this.#experimental = options.experimental ?? false;
    // Clients read the operating system out of this very form.
    this.#serverHeader = `Docker/${options.version} (linux)`;
    this.#minApiVersion = options.minApiVersion ?? MIN_API_VERSION;
  }

  serve(server: Server): void {
    this.#servers.push(server);
    server.on('request', (request, response) => void this.#answer(request, response, undefined));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('checkContinue', (request, response) => {
      response.writeContinue();
      void this.#answer(request, response, undefined);
    });
  }

  /** Takes no more connections, ends the streams that would never end, then cuts what is left. */
  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const controller of this.#underWay) controller.abort();
    const started = performance.now();
    // A connection whose last answer has just left rests, and is closed in the next round.
    const sweep = setInterval(() => {
      for (const server of this.#servers) server.closeIdleConnections();
      for (const socket of this.#upgraded) if (socket.writableFinished) socket.destroy();
      if (performance.now() - started > CLOSING_TIME) this.#cut();
    }, SWEEP_INTERVAL);
    await Promise.all(closed);
    clearInterval(sweep);
    for (const socket of this.#upgraded) socket.destroy();
  }

  #cut(): void {
    for (const server of this.#servers) server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
  }

  /** An upgrade comes without a response: the one made here serves refusals; a route that hijacks drops it. */
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', (error) => this.#log.debug('connection lost', { error: messageOf(error) }));
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    // Node gives what is a net.Socket or stands in for one.
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
    response.once('finish', () => socket.end());
    if (head.length > 0) socket.unshift(head);
    void this.#answer(request, response, socket);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, upgrade: Duplex | undefined) {
    const { exchange, path, query, gone } = this.#open(request, response, upgrade);
    try {
      const target = splitVersion(path, this.#minApiVersion);
      if (request.method === 'OPTIONS') return exchange({}, target.version).empty(200);
      const route = this.#router.find(request.method ?? '', target.path);
      if (!route) throw notFound('page not found');
      query.check();
      const version = versionFor(target.version, request.headers['user-agent']);
      await route.handler(exchange(route.params, version));
    } catch (error) {
      const status = statusOf(error);
      const fields = { method: request.method, path, status, error: messageOf(error) };
      if (status === 500 && !gone.aborted)
        this.#log.error('request failed', { ...fields, stack: stackOf(error) });
      else this.#log.debug('request refused', fields);
      exchange({}, MAX_API_VERSION).fail(error);
    }
    if (!request.complete && !upgrade) hangUpAfter(request, response);
  }

  #open(request: IncomingMessage, response: ServerResponse, upgrade: Duplex | undefined) {
    response.setHeader('Server', this.#serverHeader);
    response.setHeader(header.apiVersion, MAX_API_VERSION);
    response.setHeader(header.osType, 'linux');
    response.setHeader(header.experimental, String(this.#experimental));
    const gone = new AbortController();
    this.#underWay.add(gone);
    (upgrade ?? response).once('close', () => {
      this.#underWay.delete(gone);
      if (upgrade || !response.writableFinished) gone.abort();
    });
    const url = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
    const mark = url.indexOf('?');
    const query = new Query(mark < 0 ? '' : url.slice(mark + 1));
    const body = upgrade ? upgradeBody(request, upgrade) : request;
    const exchange = (params: Readonly<Record<string, string>>, version: string) =>
      new Exchange({ request, response, params, query, version, body, upgrade, signal: gone.signal });
    return { exchange, query, gone: gone.signal, path: mark < 0 ? url : url.slice(0, mark) };
  }
}

const stackOf = (error: unknown) => (error instanceof Error ? error.stack : undefined);

/** Answered before the whole body came, a client may go on sending for ever: it gets a moment to read, then the line is cut. */
function hangUpAfter(request: IncomingMessage, response: ServerResponse): void {
  const cut = () => setTimeout(() => request.complete || request.destroy(), 1_000).unref();
  if (response.writableFinished) cut();
  else response.once('finish', cut);
}
