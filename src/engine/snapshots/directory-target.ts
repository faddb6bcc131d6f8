import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { codeOf, invalid } from '#lib/errors';
import { makeFifo, makeNode, setTimes, setXattr } from '#linux/files';
import { type IdMap, rootOf, toHostId } from '#linux/ids';
import { overlayXattr } from '#linux/mount';
import { inUserNamespace } from '#linux/proc';
import {
  fsPath,
  type LayerFile,
  type LayerTarget,
  type NodeType,
  type Owner,
  pathFromBytes,
} from '#oci/layer';
import { xattrOnHost } from './mapped-xattrs.ts';

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const { S_IFCHR, S_IFBLK } = constants;
const SECOND = 1_000_000_000n;
/** Asked here: a thread that has changed its root has no /proc. */
const NESTED = inUserNamespace();

/**
 * A tree on disk that a layer is unpacked into. Whoever uses it has made the thread's root the tree's
 * (`chrootThread`) and gives `/`, or trusts the tree: a symlink swapped in behind our back is followed.
 */
export class DirectoryTarget implements LayerTarget {
  readonly merged: boolean;
  readonly #root: string;
  readonly #onWrite: (bytes: number) => void;
  readonly #idMap: IdMap | undefined;

  /**
   * `onWrite` is told of the bytes before they are written, and may throw. `idMap`: how owners show at the root;
   * what is written has them as they are in the container.
   */
  constructor(
    root: string,
    options: { merged: boolean; onWrite?: (bytes: number) => void; idMap?: IdMap | undefined },
  ) {
    this.#root = root.endsWith('/') ? root : `${root}/`;
    this.merged = options.merged;
    this.#onWrite = options.onWrite ?? (() => {});
    this.#idMap = options.idMap;
  }

  lstat(path: string): NodeType | undefined {
    const stats = lstatSync(this.#at(path), { throwIfNoEntry: false });
    return stats && typeOf(stats);
  }

  readlink(path: string): string {
    return pathFromBytes(readlinkSync(this.#at(path), { encoding: 'buffer' }));
  }

  readdir(path: string): string[] {
    return readdirSync(this.#at(path), { encoding: 'buffer' }).map(pathFromBytes);
  }

  mkdir(path: string, mode: number): void {
    mkdirSync(this.#at(path), mode);
    if (!this.#idMap) return;
    // One that the archive does not describe is the container's root's all the same.
    const { uid, gid } = rootOf(this.#idMap);
    lchownSync(this.#at(path), uid, gid);
  }

  createFile(path: string): LayerFile {
    const place = this.#at(path);
    return new DirectoryFile(openSync(place, NEW_FILE, 0o600), place, this.#onWrite, this.#idMap);
  }

  symlink(target: string, path: string): void {
    symlinkSync(fsPath(target), this.#at(path));
  }

  link(existing: string, path: string): void {
    linkSync(this.#at(existing), this.#at(path));
  }

  makeNode(path: string, type: 'char' | 'block', mode: number, major: number, minor: number): void {
    const bits = mode | (type === 'char' ? S_IFCHR : S_IFBLK);
    try {
      makeNode(this.#at(path), bits, major, minor);
    } catch (error) {
      // The host's root alone makes devices; an image that brings some is fine without, a container has its own /dev.
      if (codeOf(error) !== 'EPERM' || !NESTED) throw error;
      closeSync(openSync(this.#at(path), NEW_FILE, mode));
    }
  }

  makeFifo(path: string, mode: number): void {
    makeFifo(this.#at(path), mode);
  }

  chown(path: string, owner: Owner): void {
    giveTo(ownerOnHost(owner, this.#idMap), (uid, gid) => lchownSync(this.#at(path), uid, gid));
  }

  chmod(path: string, mode: number): void {
    chmodSync(this.#at(path), mode);
  }

  setTimes(path: string, mtime: bigint): void {
    setTimes(this.#at(path), mtime, mtime);
  }

  setXattr(path: string, name: string, value: Uint8Array): void {
    setXattrIfAllowed(this.#at(path), name, value, this.#idMap);
  }

  removeTree(path: string): void {
    rmSync(this.#at(path), { recursive: true, force: true });
  }

  whiteout(path: string): void {
    makeNode(this.#at(path), S_IFCHR, 0, 0);
  }

  opaque(path: string): void {
    setXattr(this.#at(path), overlayXattr('opaque'), Buffer.from('y'));
  }

  #at(path: string): string | Buffer {
    return fsPath(this.#root + path);
  }
}

class DirectoryFile implements LayerFile {
  readonly #fd: number;
  readonly #place: string | Buffer;
  readonly #onWrite: (bytes: number) => void;
  readonly #idMap: IdMap | undefined;

  constructor(
    fd: number,
    place: string | Buffer,
    onWrite: (bytes: number) => void,
    idMap: IdMap | undefined,
  ) {
    this.#fd = fd;
    this.#place = place;
    this.#onWrite = onWrite;
    this.#idMap = idMap;
  }

  write(chunk: Uint8Array, position: number): void {
    this.#onWrite(chunk.length);
    for (let at = 0; at < chunk.length; ) {
      at += writeSync(this.#fd, chunk, at, chunk.length - at, position + at);
    }
  }

  truncate(size: number): void {
    ftruncateSync(this.#fd, size);
  }

  chown(owner: Owner): void {
    giveTo(ownerOnHost(owner, this.#idMap), (uid, gid) => fchownSync(this.#fd, uid, gid));
  }

  chmod(mode: number): void {
    fchmodSync(this.#fd, mode);
  }

  /** Node's futimes takes seconds as a double: exact only for whole ones, which is what most archives have. */
  setTimes(mtime: bigint): void {
    if (mtime % SECOND === 0n) futimesSync(this.#fd, Number(mtime / SECOND), Number(mtime / SECOND));
    else setTimes(this.#place, mtime, mtime);
  }

  setXattr(name: string, value: Uint8Array): void {
    setXattrIfAllowed(this.#place, name, value, this.#idMap);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The kernel takes only ids that our own user namespace has. */
function giveTo({ uid, gid }: Owner, chown: (uid: number, gid: number) => void): void {
  try {
    chown(uid, gid);
  } catch (error) {
    if (codeOf(error) !== 'EINVAL' || !NESTED) throw error;
    throw invalid(
      `a file has the owner ${uid}:${gid}, which the ids of this user do not reach: more of them in /etc/subuid and /etc/subgid are needed`,
      error,
    );
  }
}

function ownerOnHost({ uid, gid }: Owner, map: IdMap | undefined): Owner {
  if (!map) return { uid, gid };
  const host = { uid: toHostId(map.uids, uid), gid: toHostId(map.gids, gid) };
  if (host.uid === undefined || host.gid === undefined) {
    throw invalid(`the container's user namespace has no owner ${uid}:${gid}: its ids end before that`);
  }
  return { uid: host.uid, gid: host.gid };
}

/** A file system without xattrs, or a name space that needs more privilege, does not make an image unusable. */
function setXattrIfAllowed(
  place: string | Buffer,
  name: string,
  value: Uint8Array,
  map: IdMap | undefined,
): void {
  const stored = map ? xattrOnHost(name, value, map) : value;
  if (!stored) return;
  try {
    setXattr(place, name, stored);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'EPERM') throw error;
  }
}

export function typeOf(
  stats: Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isFIFO' | 'isSocket' | 'isBlockDevice'>,
): NodeType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  return stats.isBlockDevice() ? 'block' : 'char';
}
