import { createHash } from 'node:crypto';
import type { HeldRoot } from '#engine/snapshots';
import { invalid, messageOf } from '#lib/errors';
import type { Scope } from '#lib/scope';
import type { IdMap } from '#linux/ids';
import type { Context } from './context.ts';
import type { MountPlan } from './mounts.ts';
import type { ContainerRecord, MountPoint } from './record.ts';
import { unpackedLayers } from './unpacked-layers.ts';

// `--mount type=image`: a snapshot of the container's own on the image's layers, bound read-only. It keeps the
// layers for as long as the container exists, and its owners show as the container's.

/** By the place, for a container may mount the same image at several. */
const snapshotOf = (containerId: string, { destination }: Pick<MountPoint, 'destination'>): string =>
  `${containerId}.${createHash('sha256').update(destination).digest('hex').slice(0, 12)}`;

/** The container that a snapshot belongs to, its root file system or an image that it mounts. */
export const ownerOfSnapshot = (snapshot: string): string => snapshot.split('.', 1)[0] ?? snapshot;

/** Snapshots of the images that a container mounts. */
export const imageSnapshots = ({ id, mounts }: Pick<ContainerRecord, 'id' | 'mounts'>): string[] =>
  mounts.filter(({ type }) => type === 'image').map((point) => snapshotOf(id, point));

/** Says what images the names mean. @throws invalid */
export const findMountedImages = (context: Context, plan: MountPlan): MountPlan =>
  plan.map((point) => (point.type === 'image' ? { ...point, imageId: imageIdOf(context, point) } : point));

/** Not "not found": a client would take that for the image of the container, and pull it. */
function imageIdOf({ options }: Context, { imageId, name = '' }: MountPoint): string {
  try {
    return options.images.get(imageId ?? name).id;
  } catch (error) {
    throw invalid(`invalid mount config for type "image": ${messageOf(error)}`, error);
  }
}

/** Prepares the images that a new container mounts; they go again if the create fails. */
export async function prepareImageMounts(
  context: Context,
  id: string,
  plan: MountPlan,
  options: {
    readonly idMap: IdMap | undefined;
    readonly scope: Scope;
    readonly signal: AbortSignal | undefined;
  },
): Promise<MountPlan> {
  const { images, snapshots } = context.options;
  const ready: MountPoint[] = [];
  for (const point of plan) {
    if (point.type !== 'image') {
      ready.push(point);
      continue;
    }
    const layers = await unpackedLayers(context, images.get(point.imageId ?? ''), options.signal);
    const snapshot = snapshotOf(id, point);
    options.scope.defer(() => snapshots.remove(snapshot));
    await snapshots.prepare(snapshot, layers, { idMap: options.idMap });
    ready.push({ ...point, source: snapshots.describe(snapshot)['MergedDir'] ?? '' });
  }
  return ready;
}

/** Mounts an image for a run and returns its path on the host. Nothing is ever written to it. */
export const mountImage = (context: Context, id: string, point: MountPoint): Promise<string> =>
  context.options.snapshots.mount(snapshotOf(id, point), { volatile: true });

export const unmountImage = (context: Context, id: string, point: MountPoint): Promise<void> =>
  context.options.snapshots.unmount(snapshotOf(id, point));

export async function removeImageMounts(context: Context, record: ContainerRecord): Promise<void> {
  for (const snapshot of imageSnapshots(record)) await context.options.snapshots.remove(snapshot);
}

/** Keeps the image mounted, for somebody who looks into a container that does not run. */
export const holdImage = (context: Context, id: string, point: MountPoint): Promise<HeldRoot> =>
  context.options.snapshots.hold(snapshotOf(id, point));
