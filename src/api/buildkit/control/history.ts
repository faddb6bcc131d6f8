import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { BuildHistory, BuildLogEntry, BuildRecord, HistoryChange } from '#engine/build';
import { notFound, unsupported } from '#lib/errors';
import type {
  BuildHistoryEventSchema,
  BuildHistoryRecordSchema,
  BuildHistoryRequest,
  UpdateBuildHistoryRequest,
} from '#protocol/buildkit';
import type { Status } from '../build-trace.ts';
import { code } from '../grpc/errors.ts';

type Event = MessageInitShape<typeof BuildHistoryEventSchema>;
type Vertex = NonNullable<Status['vertexes']>[number] & { readonly digest: string };

const TYPES: Readonly<Record<HistoryChange, number>> = { began: 0, ended: 1, forgotten: 2 };

/** What was built, the oldest first; unless asked to leave early, also what is built from then on. @throws unsupported */
export async function* listen(
  history: BuildHistory,
  { activeOnly, ref, earlyExit, filter, limit }: BuildHistoryRequest,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  if (filter.length > 0) throw unsupported(`filters of the history are not supported: ${filter.join(' ')}`);
  const [pending, more] = [[] as Event[], new EventEmitter()];
  const tell = (change: HistoryChange, record: BuildRecord): void => {
    if (ref !== '' && record.id !== ref) return;
    pending.push({ type: TYPES[change], record: encode(record) });
    more.emit('more');
  };
  using _subscription = history.onChange(tell);
  const chosen = history.list().filter(({ status }) => !activeOnly || status === 'running');
  const latest = limit > 0 ? chosen.slice(0, limit) : chosen;
  for (const record of latest.reverse()) tell(record.status === 'running' ? 'began' : 'ended', record);
  for (;;) {
    yield* pending.splice(0);
    if (earlyExit || signal.aborted) return;
    if (pending.length === 0) await once(more, 'more', { signal }).catch(() => {});
  }
}

/** @throws notFound, unsupported, conflict while it goes on */
export async function update(
  history: BuildHistory,
  { ref, pinned, delete: remove }: UpdateBuildHistoryRequest,
): Promise<object> {
  const record = history.list().find(({ id }) => id === ref);
  if (!record) throw notFound(`No such build: ${ref}`);
  if (pinned) throw unsupported('builds cannot be pinned: the last hundred are kept');
  if (remove) await history.remove(ref);
  return {};
}

function encode(record: BuildRecord): MessageInitShape<typeof BuildHistoryRecordSchema> {
  const { id: ref, created, completed, steps, warnings, tags } = record;
  const platform = record.platforms.join(',');
  return {
    ref,
    frontend: 'dockerfile.v0',
    frontendAttrs: {
      filename: record.dockerfile,
      ...(record.target !== undefined && { target: record.target }),
      ...(record.remote !== undefined && { context: record.remote }),
      ...(platform !== '' && { platform }),
    },
    ...(tags.length > 0 && { exporters: [{ type: 'image', attrs: { name: tags.join(',') } }] }),
    ...(record.error !== undefined && { error: { code: codeOf(record), message: record.error } }),
    createdAt: timestamp(created),
    ...(completed !== undefined && { completedAt: timestamp(completed) }),
    exporterResponse: record.result
      ? {
          'containerimage.config.digest': record.result.imageId,
          'containerimage.digest': record.result.digest,
        }
      : {},
    numTotalSteps: steps.total,
    numCompletedSteps: steps.completed,
    numCachedSteps: steps.cached,
    numWarnings: warnings.length,
  };
}

const codeOf = ({ status }: BuildRecord): number => (status === 'cancelled' ? code.cancelled : code.unknown);

const timestamp = (text: string) => timestampFromMs(Date.parse(text));

/** One that does not go on any more, by its whole id. */
export const endedBuild = (history: BuildHistory, ref: string): BuildRecord | undefined =>
  history.list().find(({ id, status }) => id === ref && status !== 'running');

/** What it said, as it said it. */
export async function* pastStatus(
  history: BuildHistory,
  { id, created }: BuildRecord,
): AsyncGenerator<Status> {
  const began = Date.parse(created);
  const vertexes = new Map<number | undefined, Vertex>();
  for await (const entry of history.log(id)) {
    const { at, step, text } = entry;
    const time = timestampFromMs(began + at);
    // What is beside the steps is drawn as one.
    const name = step === undefined ? '[internal] build' : text;
    const vertex = vertexes.get(step) ?? { digest: digestOf(id, step), name, started: time };
    vertexes.set(step, vertex);
    yield statusOf(entry, vertex, time);
  }
}

const digestOf = (build: string, step: number | undefined): string =>
  `sha256:${createHash('sha256')
    .update(`${build} ${step ?? 'build'}`)
    .digest('hex')}`;

function statusOf({ kind, text, step }: BuildLogEntry, vertex: Vertex, completed: Timestamp): Status {
  const print = (printed: string) => ({
    logs: [{ vertex: vertex.digest, timestamp: completed, stream: 1n, msg: Buffer.from(printed) }],
  });
  switch (kind) {
    case 'started':
      return { vertexes: [vertex] };
    case 'output':
      return print(text);
    case 'done':
    case 'cached':
      return { vertexes: [{ ...vertex, completed, cached: kind === 'cached' }] };
    case 'failed':
      return { vertexes: [{ ...vertex, completed, error: text }] };
    case 'note':
      return { ...(step === undefined && { vertexes: [{ ...vertex, completed }] }), ...print(`${text}\n`) };
  }
}
