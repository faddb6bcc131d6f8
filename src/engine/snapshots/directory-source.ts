import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import { getXattr, listXattrs } from '#linux/files';
import { type IdMap, OVERFLOW_ID, toContainerId } from '#linux/ids';
import { fsPath, pathFromBytes, type SourceNode, type TreeSource } from '#oci/layer';
import { typeOf } from './directory-target.ts';
import { xattrInContainer } from './mapped-xattrs.ts';

const CHUNK = 256 * 1024;
/** A FIFO or a device that takes a file's place after the lstat must not block us. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * A tree on disk that is read into a tar, with synchronous calls only. As with DirectoryTarget the thread's
 * root is the tree, or the tree is trusted not to change behind our back.
 */
export class DirectorySource implements TreeSource {
  readonly #root: string;
  readonly #idMap: IdMap | undefined;

  /** `idMap`: how owners show at the root; what is read has them as they are in the container. */
  constructor(root: string, idMap?: IdMap) {
    this.#root = root.endsWith('/') ? root : `${root}/`;
    this.#idMap = idMap;
  }

  lstat(path: string): SourceNode | undefined {
    const stats = lstatSync(this.#at(path), { bigint: true, throwIfNoEntry: false });
    if (!stats) return undefined;
    const type = typeOf(stats);
    const shared = stats.nlink > 1n && type !== 'directory';
    return {
      type,
      mode: Number(stats.mode) & 0o7777,
      uid: this.#id('uids', Number(stats.uid)),
      gid: this.#id('gids', Number(stats.gid)),
      size: type === 'file' ? Number(stats.size) : 0,
      mtime: stats.mtimeNs,
      ...deviceNumbers(stats.rdev),
      inode: shared ? `${stats.dev}:${stats.ino}` : undefined,
    };
  }

  readlink(path: string): string {
    return pathFromBytes(readlinkSync(this.#at(path), { encoding: 'buffer' }));
  }

  xattrs(path: string): ReadonlyMap<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    const place = this.#at(path);
    try {
      for (const name of listXattrs(place)) {
        const value = getXattr(place, name);
        if (value) found.set(name, this.#idMap ? xattrInContainer(name, value, this.#idMap) : value);
      }
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOENT') throw error;
    }
    return found;
  }

  // Async in name only: everything happens in the calling thread, which may be chrooted.
  async *read(path: string): AsyncGenerator<Uint8Array, void> {
    const fd = openSync(this.#at(path), READ);
    try {
      for (;;) {
        const buffer = Buffer.allocUnsafeSlow(CHUNK);
        const length = readSync(fd, buffer, 0, CHUNK, null);
        if (length === 0) return;
        yield buffer.subarray(0, length);
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Paths of everything below a directory, parents first, names sorted by their bytes; the directory itself is not among them. */
  *walk(directory = ''): Generator<string, void> {
    let entries: { name: Buffer; isDirectory(): boolean }[];
    try {
      entries = readdirSync(this.#at(directory), { encoding: 'buffer', withFileTypes: true });
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return;
      throw error;
    }
    entries.sort((a, b) => Buffer.compare(a.name, b.name));
    for (const entry of entries) {
      const name = pathFromBytes(entry.name);
      const path = directory === '' ? name : `${directory}/${name}`;
      yield path;
      if (entry.isDirectory()) yield* this.walk(path);
    }
  }

  #id(kind: keyof IdMap, id: number): number {
    return this.#idMap ? (toContainerId(this.#idMap[kind], id) ?? OVERFLOW_ID) : id;
  }

  #at(path: string): string | Buffer {
    return fsPath(this.#root + path);
  }
}

/** As glibc's gnu_dev_major(3) takes dev_t apart. */
export function deviceNumbers(device: bigint): { major: number; minor: number } {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return { major: Number(major & 0xffff_ffffn), minor: Number(minor & 0xffff_ffffn) };
}
