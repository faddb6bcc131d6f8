import { mkdirSync, statSync } from 'node:fs';
import { codeOf, invalid } from '#lib/errors';
import { listMounts, type MountInfo } from '#linux/mount';
import type { Context } from './context.ts';
import { mountImage, unmountImage } from './image-mounts.ts';
import { withinMount } from './mount-subpath.ts';
import type { ContainerRecord, MountPoint } from './record.ts';
import type { Run } from './run.ts';
import type { ReadyMount } from './spec-mounts.ts';
import type { RunUserNamespace } from './user-namespace.ts';

/**
 * Makes what a container mounts usable and finds the host path of each.
 * @throws invalid, notFound, system
 */
export async function readyMounts(
  context: Context,
  record: ContainerRecord,
  facts: { readonly userns: RunUserNamespace | undefined; readonly run: Run },
): Promise<ReadyMount[]> {
  const ready: ReadyMount[] = [];
  for (const point of record.mounts) {
    const source = await sourceOf(context, record, point, facts);
    const isDirectory = source !== '' && statSync(source).isDirectory();
    ready.push({ point, source, isDirectory, below: facts.userns && isDirectory ? mountsBelow(source) : [] });
  }
  return ready;
}

/** crun before 1.9 binds for a user namespace without what is mounted below: each of these is named. */
function mountsBelow(source: string): string[] {
  const prefix = source === '/' ? '/' : `${source}/`;
  const below = listMounts().flatMap(({ mountPoint }) =>
    mountPoint.startsWith(prefix) ? [mountPoint.slice(prefix.length)] : [],
  );
  return [...new Set(below)];
}

async function sourceOf(
  context: Context,
  record: ContainerRecord,
  point: MountPoint,
  { userns, run }: { readonly userns: RunUserNamespace | undefined; readonly run: Run },
): Promise<string> {
  const { runtimes, volumes } = context.options;
  if (point.type === 'tmpfs') return '';
  if (point.type === 'bind') {
    makeSource(point);
    checkPropagation(point);
    const shared = point.propagation === 'shared' || point.propagation === 'rshared';
    const alone = point.spec?.bind?.nonRecursive ?? false;
    return runtimes.stage(record.id, point.source, { shared, alone, root: userns?.root });
  }
  if (point.type === 'image') {
    run.defer(`unmount image ${point.name}`, () => unmountImage(context, record.id, point));
    const root = await mountImage(context, record.id, point);
    return runtimes.stage(record.id, withinMount(root, point), { root: userns?.root });
  }
  const name = point.name ?? '';
  const directory = await volumes.mount(name, {
    containerId: record.id,
    destination: point.destination,
    writable: point.readWrite,
    propagation: point.propagation,
  });
  run.defer(`release volume ${name}`, () => volumes.unmount(name, record.id));
  // On disk its files have the owners that they have in containers: whichever user namespace these have.
  return runtimes.stage(
    record.id,
    withinMount(directory, point),
    userns && { root: userns.root, userns: userns.mapping },
  );
}

/** Docker makes a missing source of `-v`, but never one of `--mount` unless told to. */
function makeSource(point: MountPoint): void {
  if (point.spec && !point.spec.bind?.createMountpoint) return;
  try {
    mkdirSync(point.source, { recursive: true });
  } catch (error) {
    // A file, a socket, a device: also fine to bind.
    if (codeOf(error) !== 'EEXIST') {
      throw invalid(`error while creating mount source path '${point.source}': ${codeOf(error)}`, error);
    }
  }
}

/**
 * A mount propagates only as far as the one that its source lies on.
 * @throws invalid
 */
function checkPropagation(point: MountPoint): void {
  const wanted = point.propagation.replace(/^r/, '');
  if (wanted !== 'shared' && wanted !== 'slave') return;
  const mount = mountOf(point.source, listMounts());
  const has = (kind: string) => mount?.propagation.some((field) => field.startsWith(`${kind}:`)) ?? false;
  if (has('shared') || (wanted === 'slave' && has('master'))) return;
  const needed = wanted === 'shared' ? 'a shared mount' : 'a shared or slave mount';
  throw invalid(`path ${point.source} is mounted on ${mount?.mountPoint ?? '/'} but it is not ${needed}`);
}

/** The mount that a path lies on: the last one with the longest matching mount point. */
function mountOf(path: string, mounts: readonly MountInfo[]): MountInfo | undefined {
  const contains = ({ mountPoint }: MountInfo) =>
    mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
  return mounts
    .filter(contains)
    .reduce<MountInfo | undefined>(
      (best, mount) => (best && best.mountPoint.length > mount.mountPoint.length ? best : mount),
      undefined,
    );
}
