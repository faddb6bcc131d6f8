import { invalid } from '#lib/errors';
import { header } from '#protocol';
import type { BuildKit } from '../buildkit/buildkit.ts';
import { sessionBuildRequest } from '../decode/build.ts';
import type { Exchange } from '../exchange.ts';
import type { Router } from '../router.ts';
import type { ApiOptions } from '../server.ts';

const UPLOAD = 'upload-request:';

/** BuildKit's part of the API; gives what answers `POST /build?version=2`. What speaks gRPC is loaded when it is asked for. */
export function buildkitRoutes(
  router: Router,
  { engine, version }: ApiOptions,
): (exchange: Exchange) => Promise<void> {
  let loaded: Promise<BuildKit> | undefined;
  const load = async () => new (await import('../buildkit/buildkit.ts')).BuildKit(engine, version);
  const buildkit = () => {
    loaded ??= load();
    return loaded;
  };
  router.post('/session', async (exchange) => {
    const id = exchange.header(header.sessionId);
    if (!id) throw invalid(`a session needs an id: the header ${header.sessionId}`);
    const methods = new Set(exchange.header(header.sessionMethod)?.split(/,\s*/));
    (await buildkit()).openSession(id, methods, () => exchange.http2());
  });
  router.post('/grpc', async (exchange) => (await buildkit()).serve(exchange.http2()));
  router.post('/build/cancel', async (exchange) => {
    const id = exchange.query.text('id');
    if (id === '') throw invalid('build ID not provided');
    (await buildkit()).cancel(id);
    exchange.empty(200);
  });
  return async (exchange) => {
    const served = await buildkit();
    const id = exchange.query.text('buildid');
    if (id.startsWith(UPLOAD)) {
      await served.upload(id.slice(UPLOAD.length), exchange.body);
      return exchange.empty(200);
    }
    const request = sessionBuildRequest(exchange.query);
    await exchange.lines((lines) => served.build(request, lines, exchange.signal));
  };
}
