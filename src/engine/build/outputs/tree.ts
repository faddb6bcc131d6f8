import { Readable } from 'node:stream';
import { newId } from '#lib/ids';
import type { Filesystem } from '../cache.ts';
import type { BuildSession } from '../session.ts';
import { clampTar } from './rewrite-times.ts';

/** The file system as a tar, handed to somebody. */
export async function exportTree(
  { snapshots }: Pick<BuildSession, 'snapshots'>,
  { layers }: Pick<Filesystem, 'layers'>,
  epoch: Date | undefined,
  send: (content: Readable) => Promise<void>,
): Promise<void> {
  const id = `build-${newId()}`;
  await snapshots.prepare(id, layers.map(({ chainId }) => chainId).toReversed());
  try {
    const tar = snapshots.exportTree(id);
    await send(epoch ? Readable.from(clampTar(tar, BigInt(epoch.getTime()) * 1_000_000n)) : tar);
  } finally {
    await snapshots.remove(id);
  }
}
