import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { codeOf, messageOf } from '#lib/errors';
import type { Access } from '../access/access.ts';
import { Refusal, refusalOf } from '../errors.ts';
import type { Registry } from '../registry.ts';
import { authorize, issueToken } from './authorize.ts';
import { deleteBlob, getBlob } from './blobs.ts';
import { Exchange } from './exchange.ts';
import { listRepositories, listTags } from './lists.ts';
import { deleteManifest, getManifest, listReferrers, putManifest } from './manifests.ts';
import { showRepositories, showRepository } from './page.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { type Route, routeOf } from './route.ts';
import { appendUpload, beginUpload, cancelUpload, finishUpload, uploadStatus } from './uploads.ts';

/** Nobody waits longer than this for the next byte, in either direction. */
const IDLE_MS = 60_000;
const HEADERS_MS = 20_000;
/** A refused body is read on for so long, so that the client reads the answer before the connection ends. */
const LINGER_MS = 1000;

export interface TlsOptions {
  /** PEM. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface ServerOptions {
  readonly tls?: TlsOptions | undefined;
  /** Without it everybody may everything. */
  readonly access?: Access | undefined;
  readonly metrics?: RequestMetrics | undefined;
}

type Handler = () => Promise<void>;

/** A server that is not listening yet. Refuses what comes slowly; never limits how long an upload may take. */
export function registryServer(registry: Registry, { tls, ...options }: ServerOptions = {}): Server {
  const common = { requestTimeout: 0, headersTimeout: HEADERS_MS, keepAliveTimeout: IDLE_MS, noDelay: true };
  const server = tls
    ? createSecureServer({ ...common, ...tls, minVersion: 'TLSv1.2' })
    : createServer(common);
  server.setTimeout(IDLE_MS);
  const serve = (waits: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    void handle(registry, options, new Exchange(request, response, registry.requestId(), waits));
  };
  server.on('request', serve(false));
  server.on('checkContinue', serve(true));
  return server;
}

/** Never fails: what is thrown becomes the answer. */
async function handle(
  registry: Registry,
  { access, metrics }: ServerOptions,
  exchange: Exchange,
): Promise<void> {
  const began = performance.now();
  const { request, response } = exchange;
  response.once('close', () => {
    const ms = performance.now() - began;
    note(registry, exchange, ms);
    const { kind, method, received, sent } = exchange;
    metrics?.count({ kind, method, status: response.statusCode, seconds: ms / 1000, received, sent });
  });
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  response.setHeader('x-content-type-options', 'nosniff');
  try {
    await dispatch(registry, access, exchange);
  } catch (error) {
    // The client is gone, or another request took its upload over.
    if (request.destroyed && !request.complete) return;
    if (response.headersSent) {
      // The answer has begun: only its breaking off can tell that it is not whole.
      if (codeOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE')
        registry.log.error('answer broken off', { request: exchange.id, error: messageOf(error) });
      response.destroy();
      return;
    }
    refuse(registry, exchange, error);
  }
}

function refuse(registry: Registry, exchange: Exchange, error: unknown): void {
  const { code, message, detail, status, headers } = refusalOf(error);
  if (status >= 500) registry.log.error('request failed', { request: exchange.id, error: reasonOf(error) });
  const { request, response } = exchange;
  const body = Buffer.from(
    JSON.stringify({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] }),
  );
  const all = { ...headers, 'content-type': 'application/json' };
  if (request.complete) return exchange.send(status, body, all);
  // The connection ends with the answer, and what the client still sends would then meet a reset: read on for a while.
  response.writeHead(status, { ...all, 'content-length': body.length, connection: 'close' });
  if (exchange.method !== 'HEAD') response.write(body);
  const finish = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(finish, LINGER_MS).unref();
  request.once('end', finish).once('error', finish).resume();
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

async function dispatch(registry: Registry, access: Access | undefined, exchange: Exchange): Promise<void> {
  const route = routeOf(exchange.path);
  if (!route) throw new Refusal('UNSUPPORTED', 'there is nothing of that name here', { status: 404 });
  exchange.kind = route.kind;
  if (access && route.kind !== 'health') await authorize(access, exchange, route);
  const handlers = handlersOf(registry, exchange, route);
  const handler = Object.hasOwn(handlers, exchange.method) ? handlers[exchange.method] : undefined;
  if (!handler)
    throw new Refusal('UNSUPPORTED', `${exchange.method} is not possible here`, {
      headers: { allow: Object.keys(handlers).join(', ') },
    });
  if (registry.readOnly && exchange.method !== 'GET' && exchange.method !== 'HEAD')
    throw new Refusal('UNSUPPORTED', 'the registry is read-only');
  if ('name' in route && route.name !== undefined && /^(?:POST|PUT|PATCH)$/.test(exchange.method)) {
    if (registry.upstreams.of(route.name))
      throw new Refusal('UNSUPPORTED', `${route.name} is a copy of an upstream's: push it there`);
  }
  await handler();
}

function handlersOf(registry: Registry, exchange: Exchange, route: Route): Readonly<Record<string, Handler>> {
  const both = (handler: Handler) => ({ GET: handler, HEAD: handler });
  switch (route.kind) {
    case 'ping':
      return both(async () => exchange.json(200, {}));
    case 'health':
      return both(async () => {
        await registry.storage.check();
        exchange.json(200, { status: 'ok' });
      });
    case 'token':
      return both(() => issueToken(exchange));
    case 'page': {
      const { name } = route;
      return both(() =>
        name === undefined ? showRepositories(registry, exchange) : showRepository(registry, exchange, name),
      );
    }
    case 'catalog':
      return both(() => listRepositories(registry, exchange));
    case 'tags':
      return both(() => listTags(registry, exchange, route.name));
    case 'referrers':
      return both(() => listReferrers(registry, exchange, route));
    case 'manifest':
      return {
        ...both(() => getManifest(registry, exchange, route)),
        PUT: () => putManifest(registry, exchange, route),
        DELETE: () => deleteManifest(registry, exchange, route),
      };
    case 'blob':
      return {
        ...both(() => getBlob(registry, exchange, route)),
        DELETE: () => deleteBlob(registry, exchange, route),
      };
    case 'uploads':
      return { POST: () => beginUpload(registry, exchange, route.name) };
    case 'upload':
      return {
        GET: () => uploadStatus(registry, exchange, route),
        PATCH: () => appendUpload(registry, exchange, route),
        PUT: () => finishUpload(registry, exchange, route),
        DELETE: () => cancelUpload(registry, exchange, route),
      };
  }
}

function note(registry: Registry, exchange: Exchange, ms: number): void {
  const { response } = exchange;
  registry.log.info('request', {
    request: exchange.id,
    remote: exchange.remote,
    user: exchange.user,
    method: exchange.method,
    path: exchange.path,
    status: response.statusCode,
    received: exchange.received,
    sent: exchange.sent,
    ms: Math.round(ms),
    agent: exchange.header('user-agent'),
    ...(!response.writableFinished && { broken: true }),
  });
}
