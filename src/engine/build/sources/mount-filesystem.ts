import { newId } from '#lib/ids';
import type { Filesystem } from '../cache.ts';
import type { BuildSession } from '../session.ts';

/** A file system made visible for a while. What is written to it is lost. */
export async function mountFilesystem(
  { snapshots }: Pick<BuildSession, 'snapshots'>,
  { layers }: Filesystem,
): Promise<{ readonly path: string } & AsyncDisposable> {
  const id = `build-${newId()}`;
  await snapshots.prepare(id, layers.map(({ chainId }) => chainId).toReversed());
  try {
    const path = await snapshots.mount(id, { volatile: true });
    return { path, [Symbol.asyncDispose]: () => snapshots.remove(id) };
  } catch (error) {
    await snapshots.remove(id);
    throw error;
  }
}
