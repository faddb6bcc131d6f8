import assert from 'node:assert/strict';
import type { LayerFile, LayerTarget, NodeType, Owner, TreeSource } from '../index.ts';

/** A file system node as a test sees it. */
export interface MemoryNode {
  type: NodeType;
  mode: number;
  uid: number;
  gid: number;
  mtime: bigint;
  content: Buffer;
  link: string;
  major: number;
  minor: number;
  xattrs: Map<string, Buffer>;
  children: Map<string, MemoryNode>;
}

const newNode = (type: NodeType, fields: Partial<MemoryNode> = {}): MemoryNode => ({
  type,
  mode: 0,
  uid: 0,
  gid: 0,
  mtime: 0n,
  content: Buffer.alloc(0),
  link: '',
  major: 0,
  minor: 0,
  xattrs: new Map(),
  children: new Map(),
  ...fields,
});

const failure = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

/**
 * A file system in memory in which paths are walked as the kernel does, symlinks out of the target's
 * root included: so an escape shows. The target's root is `/jail`; `/outside` must stay as it is.
 */
export class MemoryTree implements LayerTarget {
  readonly merged: boolean;
  readonly #root = newNode('directory', { mode: 0o755 });
  readonly jail = newNode('directory', { mode: 0o755 });
  readonly outside = newNode('directory', { mode: 0o700, mtime: 42n });

  constructor(merged = false) {
    this.merged = merged;
    this.#root.children.set('jail', this.jail);
    this.#root.children.set('outside', this.outside);
    this.outside.children.set('secret', newNode('file', { mode: 0o600, content: Buffer.from('secret') }));
    this.outside.children.set('dir', newNode('directory', { mode: 0o700 }));
  }

  /** Everything below the root, one line a node. */
  list(from: MemoryNode = this.jail, prefix = ''): string[] {
    const lines: string[] = [];
    for (const [name, node] of [...from.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const path = prefix + name;
      const detail = { file: node.content.toString('latin1'), symlink: node.link, directory: '' }[
        node.type as string
      ];
      const opaque = node.xattrs.has('opaque') ? ' opaque' : '';
      lines.push(`${path} ${node.type}${opaque} ${detail ?? `${node.major}:${node.minor}`}`.trim());
      lines.push(...this.list(node, `${path}/`));
    }
    return lines;
  }

  /** A node below the root, for a look. */
  at(path: string): MemoryNode {
    const found = path
      .split('/')
      .reduce<MemoryNode | undefined>((node, name) => node?.children.get(name), this.jail);
    assert.ok(found, `${path} is missing`);
    return found;
  }

  has(path: string): boolean {
    return (
      path.split('/').reduce<MemoryNode | undefined>((node, name) => node?.children.get(name), this.jail) !==
      undefined
    );
  }

  #parent(path: string): { readonly parent: MemoryNode; readonly name: string } {
    for (const part of path.split('/'))
      assert.ok(part !== '' && part !== '.' && part !== '..', `unclean path ${path}`);
    const names = path.split('/');
    const name = names.pop() ?? '';
    return { parent: this.#walk(this.jail, names, path), name };
  }

  /** As the kernel walks: an absolute symlink starts at the real root. */
  #walk(from: MemoryNode, names: readonly string[], path: string): MemoryNode {
    const trail = [from];
    const todo = [...names].reverse();
    let links = 0;
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (trail.at(-1) === this.jail) trail.splice(0, trail.length, this.#root);
        else if (trail.length > 1) trail.pop();
        continue;
      }
      const next = (trail.at(-1) ?? from).children.get(name);
      if (next === undefined) throw failure('ENOENT', path);
      if (next.type === 'symlink') {
        if (++links > 40) throw failure('ELOOP', path);
        if (next.link.startsWith('/')) trail.splice(0, trail.length, this.#root);
        todo.push(...next.link.split('/').reverse());
      } else if (next.type === 'directory') trail.push(next);
      else throw failure('ENOTDIR', path);
    }
    return trail.at(-1) ?? from;
  }

  #find(path: string): MemoryNode | undefined {
    if (path === '') return this.jail;
    try {
      const { parent, name } = this.#parent(path);
      return parent.children.get(name);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return undefined;
    }
  }

  #get(path: string): MemoryNode {
    const node = this.#find(path);
    if (node === undefined) throw failure('ENOENT', path);
    return node;
  }

  #add(path: string, node: MemoryNode): MemoryNode {
    const { parent, name } = this.#parent(path);
    if (parent.children.has(name)) throw failure('EEXIST', path);
    parent.children.set(name, node);
    parent.mtime = 999n;
    return node;
  }

  lstat(path: string): NodeType | undefined {
    return this.#find(path)?.type;
  }

  readlink(path: string): string {
    return this.#get(path).link;
  }

  readdir(path: string): string[] {
    return [...this.#get(path).children.keys()];
  }

  mkdir(path: string, mode: number): void {
    this.#add(path, newNode('directory', { mode }));
  }

  createFile(path: string): LayerFile {
    const node = this.#add(path, newNode('file', { mode: 0o600 }));
    return new MemoryFile(node);
  }

  symlink(target: string, path: string): void {
    this.#add(path, newNode('symlink', { link: target, mode: 0o777 }));
  }

  link(existing: string, path: string): void {
    this.#add(path, this.#get(existing));
  }

  makeNode(path: string, type: 'char' | 'block', mode: number, major: number, minor: number): void {
    this.#add(path, newNode(type, { mode, major, minor }));
  }

  makeFifo(path: string, mode: number): void {
    this.#add(path, newNode('fifo', { mode }));
  }

  chown(path: string, owner: Owner): void {
    setOwner(this.#get(path), owner);
  }

  chmod(path: string, mode: number): void {
    const node = this.#get(path);
    assert.notEqual(node.type, 'symlink', 'chmod of a symlink');
    node.mode = mode;
  }

  setTimes(path: string, mtime: bigint): void {
    this.#get(path).mtime = mtime;
  }

  setXattr(path: string, name: string, value: Uint8Array): void {
    this.#get(path).xattrs.set(name, Buffer.from(value));
  }

  removeTree(path: string): void {
    const { parent, name } = this.#parent(path);
    if (!parent.children.delete(name)) throw failure('ENOENT', path);
  }

  whiteout(path: string): void {
    this.#add(path, newNode('char'));
  }

  opaque(path: string): void {
    assert.equal(this.merged, false);
    this.#get(path).xattrs.set('opaque', Buffer.from('y'));
  }

  /** The same tree, to be read. */
  source(): TreeSource {
    const inodes = new Map<MemoryNode, string>();
    const get = (path: string) => this.#get(path);
    return {
      lstat: (path) => {
        const node = this.#find(path);
        if (node === undefined) return undefined;
        const inode = inodes.get(node) ?? `inode ${inodes.size}`;
        inodes.set(node, inode);
        const { type, mode, uid, gid, mtime, major, minor, content } = node;
        return { type, mode, uid, gid, mtime, major, minor, size: content.length, inode };
      },
      readlink: (path) => get(path).link,
      xattrs: (path) => get(path).xattrs,
      async *read(path) {
        yield get(path).content;
      },
    };
  }
}

/** Chown as the kernel does it: set-uid bits and file capabilities go. */
function setOwner(node: MemoryNode, { uid, gid }: Owner): void {
  node.uid = uid;
  node.gid = gid;
  if (node.type !== 'file') return;
  node.mode &= 0o1777;
  node.xattrs.delete('security.capability');
}

class MemoryFile implements LayerFile {
  readonly #node: MemoryNode;
  #closed = false;

  constructor(node: MemoryNode) {
    this.#node = node;
  }

  write(chunk: Uint8Array, position: number): void {
    assert.equal(this.#closed, false);
    this.#grow(position + chunk.length);
    Buffer.from(chunk).copy(this.#node.content, position);
  }

  truncate(size: number): void {
    this.#grow(size);
  }

  #grow(size: number): void {
    const { content } = this.#node;
    if (size > content.length)
      this.#node.content = Buffer.concat([content, Buffer.alloc(size - content.length)]);
  }

  chown(owner: Owner): void {
    setOwner(this.#node, owner);
  }

  chmod(mode: number): void {
    this.#node.mode = mode;
  }

  setTimes(mtime: bigint): void {
    this.#node.mtime = mtime;
  }

  setXattr(name: string, value: Uint8Array): void {
    this.#node.xattrs.set(name, Buffer.from(value));
  }

  close(): void {
    assert.equal(this.#closed, false, 'closed twice');
    this.#closed = true;
  }
}
