import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '#lib/ids';
import { feedThread } from '#lib/thread-sink';
import { decompress } from '#oci/layer';
import type { ContextInput } from '../files/context-thread.ts';
import { type TarNode, TarTree } from '../files/tar-tree.ts';
import type { BuildSession } from '../session.ts';

const contextThread = new URL('../files/context-thread.ts', import.meta.url);

/** Takes in a context's archive, compressed or not: it lies on disk as it is, and its members are known. */
export async function receiveTar(
  { workspace, signal }: Pick<BuildSession, 'workspace' | 'signal'>,
  content: AsyncIterable<Uint8Array>,
): Promise<TarTree> {
  await mkdir(workspace, { recursive: true, mode: 0o700 });
  const path = join(workspace, newId());
  const nodes = await feedThread<ContextInput, ReadonlyMap<string, TarNode>>(
    contextThread,
    { path },
    decompress(content, signal),
  );
  return new TarTree(path, nodes);
}
