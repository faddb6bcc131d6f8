import { invalid } from '#lib/errors';
import type { LayerFile, LayerTarget, NodeType, Owner } from '#oci/layer';
import { pathBytes, pathFromBytes, type TarEntry } from '#oci/tar';
import { encodeDevice } from './format.ts';
import { newNode, type TreeNode } from './node.ts';
import { UnfitLayer } from './unfit.ts';

/** Each takes half a kilobyte of memory until the image is written. */
const MAX_NODES = 1_000_000;
/** Linux follows no symlink that is longer (PATH_MAX without the NUL). */
const MAX_TARGET = 4095;
const WHITEOUT = encodeDevice(0, 0);
const ZEROS = Buffer.alloc(512);

/**
 * A layer's tree in memory. Of the files it holds no content but where in the archive that is: the tree is for
 * whoever has the archive.
 */
export class LayerTree implements LayerTarget {
  readonly merged = false;
  readonly root: TreeNode = newNode('directory', { mode: 0o755 });
  /** Directories that the layer needed and did not describe, the root ('') perhaps among them. */
  readonly implied = new Set<string>(['']);
  readonly #directories = new Map<string, TreeNode>([['', this.root]]);
  #nodes = 1;
  /** The file whose body came last: what follows it in the archive may be told. */
  #last: TreeNode | undefined;

  /** The node at a path whose parents are directories. */
  at(path: string): TreeNode | undefined {
    if (path === '') return this.root;
    const slash = path.lastIndexOf('/');
    return this.#directories.get(slash < 0 ? '' : path.slice(0, slash))?.children?.get(path.slice(slash + 1));
  }

  lstat(path: string): NodeType | undefined {
    return this.at(path)?.kind;
  }

  readlink(path: string): string {
    return pathFromBytes(this.#get(path).target ?? new Uint8Array());
  }

  readdir(path: string): string[] {
    return [...(this.#get(path).children?.keys() ?? [])];
  }

  mkdir(path: string, mode: number): void {
    const node = newNode('directory', { mode });
    this.#add(path, node);
    this.#directories.set(path, node);
    this.implied.add(path);
  }

  createFile(path: string, { offset, size, fileSize, segments }: TarEntry): LayerFile {
    const node = newNode('file', {
      size: fileSize,
      body: { offset, size, segments },
      copied: segments !== undefined,
    });
    this.#add(path, node);
    return new TreeFile(node, () => {
      this.#last = node;
    });
  }

  /** The mapping of a file's last page shows what follows it in its block, which must be zeros. */
  padding(chunk: Buffer): void {
    if (this.#last && !chunk.equals(ZEROS.subarray(0, chunk.length))) this.#last.copied = true;
  }

  symlink(target: string, path: string): void {
    const bytes = pathBytes(target);
    if (bytes.length > MAX_TARGET) {
      throw invalid(`the target of the symlink "${path.slice(0, 200)}" is longer than ${MAX_TARGET} bytes`);
    }
    this.#add(path, newNode('symlink', { mode: 0o777, target: bytes, size: bytes.length }));
  }

  link(existing: string, path: string): void {
    const node = this.#get(existing);
    this.#put(path, node);
    node.links++;
  }

  makeNode(path: string, type: 'char' | 'block', mode: number, major: number, minor: number): void {
    this.#add(path, newNode(type, { mode, device: encodeDevice(major, minor) }));
  }

  makeFifo(path: string, mode: number): void {
    this.#add(path, newNode('fifo', { mode }));
  }

  chown(path: string, owner: Owner): void {
    Object.assign(this.#get(path), owner);
    // What the archive describes has an owner.
    this.implied.delete(path);
  }

  chmod(path: string, mode: number): void {
    this.#get(path).mode = mode;
  }

  setTimes(path: string, mtime: bigint): void {
    this.#get(path).mtime = mtime;
  }

  setXattr(path: string, name: string, value: Uint8Array): void {
    setXattr(this.#get(path), name, value);
  }

  removeTree(path: string): void {
    const slash = path.lastIndexOf('/');
    const node = this.at(path);
    if (!node) return;
    this.#directories.get(slash < 0 ? '' : path.slice(0, slash))?.children?.delete(path.slice(slash + 1));
    this.#forget(node, path);
  }

  whiteout(path: string): void {
    this.#add(path, newNode('char', { device: WHITEOUT }));
  }

  opaque(path: string): void {
    setXattr(this.#get(path), 'trusted.overlay.opaque', Buffer.from('y'));
  }

  #forget(node: TreeNode, path: string): void {
    node.links--;
    if (node.links <= 0 || node.children) this.#nodes--;
    if (!node.children) return;
    for (const [name, child] of node.children) this.#forget(child, `${path}/${name}`);
    this.#directories.delete(path);
    this.implied.delete(path);
  }

  #add(path: string, node: TreeNode): void {
    if (++this.#nodes > MAX_NODES) throw new UnfitLayer(`more than ${MAX_NODES} files`);
    this.#put(path, node);
  }

  #put(path: string, node: TreeNode): void {
    const slash = path.lastIndexOf('/');
    const parent = this.#directories.get(slash < 0 ? '' : path.slice(0, slash));
    parent?.children?.set(path.slice(slash + 1), node);
  }

  #get(path: string): TreeNode {
    const node = this.at(path);
    if (!node) throw invalid(`there is no "${path.slice(0, 200)}" in the layer`);
    return node;
  }
}

function setXattr(node: TreeNode, name: string, value: Uint8Array): void {
  node.xattrs ??= new Map();
  // The archive's bytes are in a buffer that is used again.
  node.xattrs.set(name, Uint8Array.from(value));
}

class TreeFile implements LayerFile {
  readonly #node: TreeNode;
  readonly #onClose: () => void;

  constructor(node: TreeNode, onClose: () => void) {
    this.#node = node;
    this.#onClose = onClose;
  }

  /** It is in the archive. */
  write(): void {}

  truncate(): void {}

  chown(owner: Owner): void {
    Object.assign(this.#node, owner);
  }

  chmod(mode: number): void {
    this.#node.mode = mode;
  }

  setTimes(mtime: bigint): void {
    this.#node.mtime = mtime;
  }

  setXattr(name: string, value: Uint8Array): void {
    setXattr(this.#node, name, value);
  }

  close(): void {
    this.#onClose();
  }
}
