import { createServer, type Server } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Engine } from '#engine';
import { messageOf, systemError } from '#lib/errors';
import type { Logger } from '#lib/log';
import { observeProcess } from './process-metrics.ts';

/** Content type of Prometheus' text format. */
const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8';

export interface MetricsListener extends AsyncDisposable {
  /** `http://127.0.0.1:9323/metrics` */
  readonly url: string;
}

/** Serves `GET /metrics` on an address of its own. @throws system when it cannot be had */
export async function serveMetrics(
  engine: Engine,
  { address, version, log }: { readonly address: string; readonly version: string; readonly log: Logger },
): Promise<MetricsListener> {
  const { registry } = engine.metrics;
  const info = await engine.info();
  registry.observed(
    'gauge',
    'engine_daemon_engine_info',
    'The information related to the engine and the OS it is running on',
    () => [
      {
        labels: {
          architecture: info.architecture,
          commit: '',
          daemon_id: engine.id,
          graphdriver: engine.snapshots.driver,
          kernel: info.kernel,
          os: info.operatingSystem,
          os_type: 'linux',
          os_version: info.osVersion,
          version,
        },
        value: 1,
      },
    ],
  );
  const delay = monitorEventLoopDelay();
  delay.enable();
  observeProcess(registry, delay);
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
      return;
    }
    registry.exposition().then(
      (text) => response.writeHead(200, { 'content-type': EXPOSITION }).end(text),
      (error: unknown) => {
        log.error('cannot tell the metrics', { error: messageOf(error) });
        response.writeHead(500).end();
      },
    );
  });
  await listen(server, address);
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  return {
    url: `http://${address.replace(/:\d+$/, '') || '0.0.0.0'}:${port}/metrics`,
    async [Symbol.asyncDispose]() {
      delay.disable();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, address: string): Promise<void> {
  const [, ipv6, host = '', port] = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(systemError(`cannot serve metrics on ${address}: ${messageOf(error)}`, error)),
    );
    server.listen({ host: ipv6 ?? (host || undefined), port: Number(port) }, resolve);
  });
}
