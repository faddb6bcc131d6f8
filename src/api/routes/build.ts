import { finished } from 'node:stream/promises';
import type { Engine } from '#engine';
import { type OnBuildEvent, RunFailed } from '#engine/build';
import { BerthError } from '#lib/errors';
import { header, mediaType } from '#protocol';
import { cachesFor } from '../build-caches.ts';
import { outputsFor, resultMessage } from '../build-results.ts';
import { contextsFor } from '../build-sources.ts';
import { type BuildRequest, buildCall, buildRequest, buildSecrets, pruneRequest } from '../decode/build.ts';
import { registryConfig } from '../decode/registry-auth.ts';
import { type BuildCall, callResult } from '../encode/build-inspection.ts';
import { BuildProgress } from '../encode/build-progress.ts';
import { bodyOf } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { pullBase } from '../pull-base.ts';
import type { Router } from '../router.ts';
import type { ApiOptions } from '../server.ts';
import { BuildStreams, sendWhole } from '../streams/build-streams.ts';
import type { JsonLines } from '../streams/json-lines.ts';
import { answerPrune } from '../streams/prune-report.ts';
import { buildHistoryRoutes } from './build-history.ts';
import { buildkitRoutes } from './buildkit.ts';

export function buildRoutes(router: Router, options: ApiOptions): void {
  const { engine } = options;
  const streams = new BuildStreams();
  const buildOverSession = buildkitRoutes(router, options);
  router.post('/build', async (exchange) => {
    if (exchange.query.text('version') === '2') return await buildOverSession(exchange);
    const request = buildRequest(exchange.query);
    await exchange.lines(async (lines) => {
      try {
        const call = buildCall(exchange.query);
        if (call) await inspect(engine, exchange, { ...request, call }, lines, streams);
        else await build(engine, exchange, request, lines, streams);
      } catch (error) {
        await fail(lines, error);
      }
    });
  });
  router.post('/build/streams/{id}', async (exchange) => {
    const hand = streams.take(exchange.param('id'));
    const connection = exchange.hijack(mediaType.rawStream);
    hand(connection);
    await finished(connection.input, { writable: false }).catch(() => {});
  });
  buildHistoryRoutes(router, engine);
  router.post('/build/prune', (exchange) => {
    const request = pruneRequest(exchange.query);
    return answerPrune(exchange, async () => {
      const { removed, reclaimed } = await engine.builder.prune(request);
      const ids = removed.map(({ id }) => id);
      return { CachesDeleted: ids.length > 0 ? ids : null, SpaceReclaimed: reclaimed };
    });
  });
}

async function build(
  { builder, images }: Engine,
  exchange: Exchange,
  { quiet, outputs: wanted, ...request }: BuildRequest,
  lines: JsonLines,
  streams: BuildStreams,
): Promise<void> {
  const { signal } = exchange;
  // Bytes that nobody reads are dropped with the connection: there is nothing to wait for.
  const progress = new BuildProgress((message) => void lines.write(message));
  const onEvent: OnBuildEvent = quiet ? () => {} : progress.add;
  const authOf = registryConfig(exchange.header(header.registryConfig));
  const outputs = outputsFor(wanted, {
    authOf,
    send: async ({ index }, content) => {
      await sendWhole(await streams.open(`output ${index}`, lines, signal), content, signal);
    },
  });
  const openContext = async (name: string, paths: readonly string[]) =>
    (await streams.open(`context ${name}`, lines, signal, paths)).input;
  const result = await builder.build({
    ...request,
    ...contextsFor(request, exchange.body, openContext),
    outputs,
    ...cachesFor(request, {
      authOf,
      read: async ({ index }, paths) =>
        (await streams.open(`cache-from ${index}`, lines, signal, paths)).input,
      write: async ({ index }, content) =>
        await sendWhole(await streams.open(`cache-to ${index}`, lines, signal), content, signal),
    }),
    ssh: {
      has: (id) => request.agents.has(id),
      connect: (id) => streams.open(`ssh ${id}`, lines, signal),
    },
    secrets: buildSecrets(exchange.header(header.buildSecrets)),
    signal,
    onEvent,
    pullImage: pullBase(images, authOf, onEvent),
  });
  progress.findings();
  const message = resultMessage(result, wanted);
  await lines.write({ aux: message });
  if (quiet) return await lines.write({ stream: message.ID === undefined ? '' : `${message.ID}\n` });
  if (message.ID !== undefined)
    await lines.write({ stream: `Successfully built ${message.ID.slice(7, 19)}\n` });
  const tagged = wanted.flatMap(({ kind, names }) => (kind === 'image' ? names : []));
  for (const name of tagged) await lines.write({ stream: `Successfully tagged ${withTag(name)}\n` });
}

/** What is asked about a Dockerfile, instead of building it. */
async function inspect(
  { builder }: Engine,
  { body, signal }: Exchange,
  { call, ...request }: BuildRequest & { readonly call: BuildCall },
  lines: JsonLines,
  streams: BuildStreams,
): Promise<void> {
  const contexts = contextsFor(
    request,
    body,
    async (name, paths) => (await streams.open(`context ${name}`, lines, signal, paths)).input,
  );
  const inspection = await builder.inspect({ ...request, ...contexts, signal });
  await lines.write({ aux: callResult(call, inspection) });
}

const withTag = (name: string): string => (/:[^/]*$/.test(name) ? name : `${name}:latest`);

/**
 * Before anything was said an error has a status of its own, and its place in the Dockerfile below its message; later
 * it travels in the stream, with the exit code.
 */
async function fail(lines: JsonLines, error: unknown): Promise<void> {
  const place = error instanceof Error && 'excerpt' in error ? `${String(error.excerpt)}\n` : '';
  if (!lines.begun && !(error instanceof RunFailed)) {
    if (place === '' || !(error instanceof BerthError)) throw error;
    throw new BerthError(error.kind, `${error.message}\n${place}`, { cause: error });
  }
  if (place !== '') await lines.write({ stream: `\n${place}` });
  const { message } = bodyOf(error);
  const code = error instanceof RunFailed ? { code: error.exitCode } : {};
  await lines.write({ errorDetail: { ...code, message }, error: message });
}
