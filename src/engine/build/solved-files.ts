import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid, notFound } from '#lib/errors';
import { fsPath } from '#oci/layer';
import type { Filesystem } from './cache.ts';
import { DiskTree } from './files/disk-tree.ts';
import { resolvePath } from './files/resolve.ts';
import { childPath, type Tree, type TreeNode } from './files/tree.ts';
import type { BuildSession } from './session.ts';
import { mountFilesystem } from './sources/mount-filesystem.ts';

/** More is read with an output. */
const MOST = 16 * 2 ** 20;

export type SolvedFile = TreeNode & { readonly name: string };

/** The files of a result. Symlinks stay inside it; it is mounted when somebody looks. */
export interface SolvedFiles {
  /** @throws notFound */
  stat(path: string): Promise<SolvedFile>;
  /** @throws notFound, invalid for what is no directory */
  list(path: string): Promise<SolvedFile[]>;
  /** @throws notFound, invalid for what is no file, or too large a part of one */
  read(path: string, range?: { readonly offset: number; readonly length: number }): Promise<Buffer>;
}

export function solvedFiles(
  session: Pick<BuildSession, 'snapshots'>,
  filesystem: Filesystem,
): SolvedFiles & AsyncDisposable {
  let mounted: ReturnType<typeof mountFilesystem> | undefined;
  const openTree = async () => {
    mounted ??= mountFilesystem(session, filesystem);
    return new DiskTree((await mounted).path);
  };
  return {
    async stat(path) {
      const [name, node] = find(await openTree(), path);
      return { ...node, name: name.slice(name.lastIndexOf('/') + 1) };
    },
    async list(path) {
      const tree = await openTree();
      const [directory, node] = find(tree, path);
      if (node.type !== 'directory') throw invalid(`${path}: not a directory`);
      return tree.children(directory).flatMap((name) => {
        const child = tree.lstat(childPath(directory, name));
        return child ? [{ ...child, name }] : [];
      });
    },
    async read(path, range) {
      const tree = await openTree();
      const [name, node] = find(tree, path);
      if (node.type !== 'file') throw invalid(`${path}: not a file`);
      const offset = range?.offset ?? 0;
      const length = Math.max(0, Math.min(range?.length || node.size, node.size - offset));
      if (length > MOST) throw invalid(`${path}: ${length} bytes are more than ${MOST}: read it in parts`);
      await using file = await open(fsPath(join(tree.root, name)), 'r');
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    async [Symbol.asyncDispose]() {
      if (mounted) await (await mounted)[Symbol.asyncDispose]();
    },
  };
}

/** @throws notFound */
function find(tree: Tree, path: string): [string, TreeNode] {
  const name = resolvePath(tree, path);
  const node = name === undefined ? undefined : tree.lstat(name);
  if (name === undefined || !node) throw notFound(`${path}: no such file or directory`);
  return [name, node];
}
