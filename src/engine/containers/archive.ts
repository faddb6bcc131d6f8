import { Readable } from 'node:stream';
import { codeOf, forbidden, isKind, notFound } from '#lib/errors';
import { runJob } from '#lib/job';
import { feedThread } from '#lib/thread-sink';
import { threadStream } from '#lib/thread-stream';
import { decompress } from '#oci/layer';
import type { ArchiveView, PathInput } from './archive-view.ts';
import type { WriteInput } from './archive-write-thread.ts';
import type { Context } from './context.ts';
import { holdImage } from './image-mounts.ts';
import { withinMount } from './mount-subpath.ts';
import type { ContainerRecord, MountPoint } from './record.ts';
import { hasProcess } from './state.ts';
import { resolveUser } from './user.ts';

export interface PathStat {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Go's os.FileMode bits. */
  readonly mode: number;
  readonly mtime: string;
  /** Of a symlink: the path in the container that it leads to. */
  readonly linkTarget: string;
}

export interface WriteArchiveOptions {
  /** Refuse to replace a directory by something else, and the other way round. */
  readonly noOverwriteDirNonDir?: boolean;
  /** What is written belongs to the container's user, not to the archive's owners. */
  readonly copyUidGid?: boolean;
}

const statThread = new URL('./archive-stat-thread.ts', import.meta.url);
const readThread = new URL('./archive-read-thread.ts', import.meta.url);
const writeThread = new URL('./archive-write-thread.ts', import.meta.url);

/** A path of the container without following it. @throws notFound */
export async function statPath(context: Context, reference: string, path: string): Promise<PathStat> {
  const record = context.store.get(reference);
  await using opened = await openView(context, record);
  // Awaited here: the view must stay until then.
  return await stat(opened.view, record, path);
}

/** A tar of the path, its name first; links on the way to it are followed inside the container only. @throws notFound */
export async function readArchive(
  context: Context,
  reference: string,
  path: string,
): Promise<{ stat: PathStat; tar: Readable }> {
  const record = context.store.get(reference);
  const opened = await openView(context, record);
  try {
    const found = await stat(opened.view, record, path);
    const source = threadStream<PathInput>(readThread, { view: opened.view, path });
    context.store.announce(record, { action: 'archive-path' });
    return { stat: found, tar: closing(source, opened) };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

/** Unpacks a tar, compressed or not, into a directory of the container. @throws notFound, invalid, forbidden on a read-only place */
export async function writeArchive(
  context: Context,
  reference: string,
  path: string,
  tar: Readable,
  options: WriteArchiveOptions,
): Promise<void> {
  const record = context.store.get(reference);
  await using opened = await openView(context, record);
  const { user } = record.config;
  const owner = options.copyUidGid && user !== '' ? resolveUser(opened.view.root, user, []) : undefined;
  const input: WriteInput = {
    view: opened.view,
    path,
    keepTypes: options.noOverwriteDirNonDir ?? false,
    ...(owner && { owner: { uid: owner.uid, gid: owner.gid } }),
  };
  try {
    await feedThread<WriteInput, void>(writeThread, input, decompress(tar));
  } catch (error) {
    throw explain(error, record, path);
  }
  context.store.announce(record, { action: 'extract-to-dir' });
}

type OpenedView = { readonly view: ArchiveView } & AsyncDisposable;

/** A running container is seen with its mounts, as its processes see it; a stopped one with its volumes put back. */
async function openView(context: Context, record: ContainerRecord): Promise<OpenedView> {
  const { state, id } = record;
  if (hasProcess(state) && state.process) {
    const root = `/proc/${state.process.pid}/root`;
    const view: ArchiveView = { root, mounts: [], readonly: false, idMap: record.idMap };
    return { view, [Symbol.asyncDispose]: async () => {} };
  }
  const { snapshots, mappings } = context.options;
  await using holding = new AsyncDisposableStack();
  const held = holding.use(await snapshots.hold(id));
  const userns = held.idMap && (await mappings.descriptor(held.idMap));
  const mounts: ArchiveView['mounts'][number][] = [];
  // Those of a working container were the last command's, for its run alone; so was a root to read only.
  const points = record.working ? [] : record.mounts;
  for (const point of outerFirst(points)) {
    const { type, destination } = point;
    const root = type === 'image' ? holding.use(await holdImage(context, id, point)).path : point.source;
    const source = sourceIn(root, point);
    if (source === undefined) continue;
    const ofVolume = type === 'volume' ? userns : undefined;
    mounts.push({ source, destination, readonly: !point.readWrite, userns: ofVolume });
  }
  const readonly = record.hostConfig.readonlyRootfs && !record.working;
  const view = { root: held.path, mounts, readonly, idMap: held.idMap };
  const kept = holding.move();
  return { view, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const outerFirst = (mounts: readonly MountPoint[]): MountPoint[] =>
  mounts
    .filter(({ type, source }) => type !== 'tmpfs' && source !== '')
    .toSorted((a, b) => a.destination.length - b.destination.length);

/** A part that is missing is a matter for the start; here it is just not seen. */
function sourceIn(root: string, point: MountPoint): string | undefined {
  try {
    return withinMount(root, point);
  } catch (error) {
    if (isKind(error, 'invalid')) return undefined;
    throw error;
  }
}

async function stat(view: ArchiveView, record: ContainerRecord, path: string): Promise<PathStat> {
  try {
    return await runJob<PathInput, PathStat>(statThread, { view, path });
  } catch (error) {
    throw explain(error, record, path);
  }
}

function explain(error: unknown, record: ContainerRecord, path: string): unknown {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
      return notFound(`Could not find the file ${path} in container ${record.name}`, error);
    case 'EROFS':
      return forbidden(`${path} in container ${record.name} is on a read-only file system`, error);
    default:
      return error;
  }
}

/** The view stays open until the stream has ended, whichever way. */
function closing(source: Readable, opened: AsyncDisposable): Readable {
  return Readable.from(
    (async function* () {
      await using _opened = opened;
      yield* source;
    })(),
    { objectMode: false, highWaterMark: 1 << 20 },
  );
}
