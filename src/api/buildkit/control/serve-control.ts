import type { Engine } from '#engine';
import { invalid, unsupported } from '#lib/errors';
import { type CacheOptions, Control, type SolveRequest } from '#protocol/buildkit';
import type { Call, GrpcServer } from '../grpc/server.ts';
import type { ClientSessions } from '../session/client-session.ts';
import type { SteeredBuilds } from './builds.ts';
import { chosenBy, pruneOptions, usageRecord } from './cache-records.ts';
import { endedBuild, listen, pastStatus, update } from './history.ts';
import { tunnel } from './session-tunnel.ts';
import { SteeredBuild } from './steered-build.ts';
import { workerOf } from './worker.ts';

interface ControlOptions {
  readonly engine: Engine;
  /** Of this program. */
  readonly version: string;
  readonly builds: SteeredBuilds;
  readonly sessions: ClientSessions;
}

/** BuildKit's API but for what a client calls that steers its build. */
export function serveControl(server: GrpcServer, options: ControlOptions): void {
  const { method } = Control;
  const { engine, version, builds, sessions } = options;
  const { builder } = engine;
  server.unary(method.info, async () => ({ buildkitVersion: { package: 'berth', version: `v${version}` } }));
  server.unary(method.listWorkers, async () => ({ record: [await workerOf(engine)] }));
  server.unary(method.diskUsage, async ({ filter }) => {
    const matches = chosenBy(filter);
    return { record: (await builder.usage()).filter(matches).map(usageRecord) };
  });
  server.streaming(method.prune, async function* (request) {
    const { removed } = await builder.prune(pruneOptions(request));
    yield* removed.map(usageRecord);
  });
  server.duplex(method.session, (requests, call) => tunnel(sessions, requests, call));
  server.unary(method.solve, async (request, call) => ({
    exporterResponse: await solve(options, request, call),
  }));
  server.streaming(method.status, async function* ({ ref }, { signal }) {
    const former = builds.knows(ref) ? undefined : endedBuild(builder.history, ref);
    if (former) yield* pastStatus(builder.history, former);
    else yield* (await builds.log(ref, signal)).read(signal);
  });
  server.streaming(method.listenBuildHistory, (request, { signal }) =>
    listen(builder.history, request, signal),
  );
  server.unary(method.updateBuildHistory, (request) => update(builder.history, request));
}

async function solve(
  { engine, builds, sessions }: ControlOptions,
  request: SolveRequest,
  { signal }: Call,
): Promise<Record<string, string>> {
  const { ref, frontend, frontendAttrs: attributes, frontendInputs, entitlements } = request;
  if (ref === '') throw invalid('a build needs an id: the field Ref is empty');
  const log = builds.begin(ref);
  try {
    check(request);
    const session = await sessions.get(request.session, signal);
    const said = {
      ref,
      exporters: exportersOf(request),
      cacheExports: cacheExportsOf(request.cache),
      cacheImports: cacheImportsOf(request.cache),
      entitlements,
    };
    await using build = new SteeredBuild(engine, session, said, log, signal);
    builds.started(ref, build);
    if (frontend !== '') {
      const result = await build.solve({ frontend, attributes, inputs: Object.keys(frontendInputs) });
      build.return(result.ref);
    }
    return await build.finish();
  } finally {
    log.end();
    builds.ended(ref);
  }
}

/** @throws unsupported */
function check({ definition, sourcePolicy }: SolveRequest): void {
  if ((definition?.def.length ?? 0) > 0)
    throw unsupported('graphs of operations are not supported: use the front end dockerfile.v0');
  if (sourcePolicy.length > 0) throw unsupported('policies of sources are not supported');
}

/** Until BuildKit 0.13 there was one. */
function exportersOf({ exporters, exporterDeprecated: type, exporterAttrsDeprecated: attrs }: SolveRequest) {
  if (exporters.length > 0) return exporters;
  return type === '' ? [] : [{ type, attrs }];
}

/** Until BuildKit 0.9 registries had fields of their own. */
function cacheExportsOf(cache: CacheOptions | undefined) {
  const { exports = [], exportRefDeprecated: ref = '', exportAttrsDeprecated = {} } = cache ?? {};
  return ref === '' ? exports : [...exports, { type: 'registry', attrs: { ...exportAttrsDeprecated, ref } }];
}

function cacheImportsOf(cache: CacheOptions | undefined) {
  const { imports = [], importRefsDeprecated = [] } = cache ?? {};
  return [...imports, ...importRefsDeprecated.map((ref) => ({ type: 'registry', attrs: { ref } }))];
}
