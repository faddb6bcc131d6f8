import { once } from 'node:events';
import { createServer } from 'node:http';
import { messageOf } from '#lib/errors';
import type { RequestMetrics } from '../http/request-metrics.ts';
import type { Address } from './config.ts';

/** `GET /metrics` at an address of its own: whoever may pull need not see them. */
export async function serveMetrics(
  { host, port }: Address,
  metrics: Pick<RequestMetrics, 'exposition'>,
): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') {
      response.writeHead(404).end();
      return;
    }
    metrics.exposition().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
      (error: unknown) => response.writeHead(500).end(`${messageOf(error)}\n`),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
