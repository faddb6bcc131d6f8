import type { Image } from '#engine/images';
import type { Sandbox } from '#engine/networks';
import type { Context } from './context.ts';
import type { ContainerRecord } from './record.ts';
import { isRunning } from './state.ts';

export interface ListItem {
  readonly record: ContainerRecord;
  readonly sandbox: Sandbox | undefined;
  /** Bytes. */
  readonly size?: { readonly rw: number; readonly rootFs: number };
}

/** What users see: newest first, without the steps of builds. */
export const list = (context: Context): ContainerRecord[] =>
  context.store
    .all()
    .filter(({ purpose }) => purpose !== 'build')
    .reverse();

/**
 * Bytes that the container wrote, and bytes of its whole root file system.
 * @throws notFound
 */
export async function size(context: Context, reference: string): Promise<{ rw: number; rootFs: number }> {
  const { id, layers } = context.store.get(reference);
  const { snapshots } = context.options;
  const [own, ...below] = await Promise.all([
    snapshots.usage(id),
    ...layers.map((chainId) => snapshots.layerUsage(chainId)),
  ]);
  return { rw: own.size, rootFs: below.reduce((sum, layer) => sum + layer.size, own.size) };
}

/** Made of it, or mounting it. */
export const usersOfImage = (
  context: Context,
  imageId: string,
): { containerId: string; running: boolean }[] =>
  context.store
    .all()
    .filter(
      (record) => record.imageId === imageId || record.mounts.some((point) => point.imageId === imageId),
    )
    .map(({ id, state }) => ({ containerId: id, running: isRunning(state) }));

export const usersOfVolume = (context: Context, volume: string): string[] =>
  context.store
    .all()
    .filter(({ mounts }) => mounts.some(({ type, name }) => type === 'volume' && name === volume))
    .map(({ id }) => id);

/** The image a container was made of, unless it has been removed by force. */
export function imageOf(context: Context, record: ContainerRecord): Image | undefined {
  if (record.imageId === '') return undefined;
  try {
    return context.options.images.get(record.imageId);
  } catch {
    return undefined;
  }
}
