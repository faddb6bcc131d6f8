import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { newId } from '#lib/ids';
import { formatPlatform, type Platform } from '#oci/image';
import { TAR_END, tarHeader } from '#oci/tar';
import type { Filesystem } from '../cache.ts';
import type { BuildSession } from '../session.ts';
import { type Change, rewriteMembers, rewriteTar } from './rewrite-tar.ts';
import { clampMtime } from './rewrite-times.ts';
import type { Solved } from './solve-target.ts';

type Send = (content: Readable) => Promise<void>;

/** File systems as a tar, handed to somebody; each of several in a directory of its own (`linux_arm64`). */
export async function exportTrees(
  session: Pick<BuildSession, 'snapshots'>,
  solved: readonly Solved[],
  epoch: Date | undefined,
  send: Send,
): Promise<void> {
  const clamp: Change = epoch ? clampMtime(epoch) : () => ({});
  const [only] = solved;
  if (solved.length > 1 || !only)
    return await send(Readable.from(together(session, solved, clamp), { objectMode: false }));
  await using tree = await open(session, only.described);
  await send(epoch ? Readable.from(rewriteTar(tree.content, clamp), { objectMode: false }) : tree.content);
}

/** A platform as the name of a directory, as BuildKit's exporters call it. */
export const directoryOf = (platform: Platform): string => formatPlatform(platform).replaceAll('/', '_');

async function* together(
  session: Pick<BuildSession, 'snapshots'>,
  solved: readonly Solved[],
  clamp: Change,
): AsyncGenerator<Uint8Array, void> {
  for (const { plan, described } of solved) {
    const directory = directoryOf(plan.platform);
    const below = (path: string): string => posix.join(directory, path);
    yield tarHeader({ path: `${directory}/`, type: 'directory', mode: 0o755 });
    await using tree = await open(session, described);
    yield* rewriteMembers(tree.content, (entry) => ({
      ...clamp(entry),
      path: below(entry.path),
      ...(entry.type === 'link' && { link: below(entry.link) }),
    }));
  }
  yield TAR_END;
}

async function open(
  { snapshots }: Pick<BuildSession, 'snapshots'>,
  { layers }: Pick<Filesystem, 'layers'>,
): Promise<AsyncDisposable & { readonly content: Readable }> {
  const id = `build-${newId()}`;
  await snapshots.prepare(id, layers.map(({ chainId }) => chainId).toReversed());
  return {
    content: snapshots.exportTree(id),
    [Symbol.asyncDispose]: async () => await snapshots.remove(id),
  };
}
