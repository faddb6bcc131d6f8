import type { MessageInitShape } from '@bufbuild/protobuf';
import type { NodeType } from '#oci/layer';
import type { EntryType } from '#oci/tar';
import type { Stat, StatSchema } from '#protocol/buildkit';

/** Go's io/fs.FileMode: the kind of file, and bits that Unix keeps among the permissions. */
const GO = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  charDevice: 2 ** 21,
  sticky: 2 ** 20,
} as const;

const KINDS: Readonly<Record<EntryType | NodeType, number>> = {
  socket: GO.socket,
  file: 0,
  link: 0,
  directory: GO.directory,
  symlink: GO.symlink,
  block: GO.device,
  char: GO.device + GO.charDevice,
  fifo: GO.fifo,
};

/** Unix' bits among the permissions, and Go's. */
const SPECIAL = [
  [0o4000, GO.setuid],
  [0o2000, GO.setgid],
  [0o1000, GO.sticky],
] as const;

const has = (mode: number, bit: number): boolean => Math.floor(mode / bit) % 2 === 1;

function typeOf({ mode, linkname }: Stat): EntryType {
  if (has(mode, GO.directory)) return 'directory';
  if (has(mode, GO.symlink)) return 'symlink';
  if (has(mode, GO.device)) return has(mode, GO.charDevice) ? 'char' : 'block';
  if (has(mode, GO.fifo)) return 'fifo';
  return linkname === '' ? 'file' : 'link';
}

/** Only these have content: another name of a file has been sent under its first. */
export const isContent = (stat: Stat): boolean => typeOf(stat) === 'file' && !has(stat.mode, GO.socket);

/** As a member of a tar. */
export function headerOf(stat: Stat) {
  const { path, mode, uid, gid, size, modTime, linkname } = stat;
  const special = SPECIAL.filter(([, go]) => has(mode, go)).reduce((bits, [unix]) => bits | unix, 0);
  return {
    path,
    type: typeOf(stat),
    mode: (mode & 0o777) | special,
    uid,
    gid,
    size: Number(size),
    mtime: modTime,
    link: linkname,
    major: Number(stat.devmajor),
    minor: Number(stat.devminor),
    xattrs: new Map(Object.entries(stat.xattrs)),
  };
}

/** What is told of a file. */
interface Told {
  readonly path: string;
  readonly type: EntryType | NodeType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly fileSize: number;
  readonly mtime: bigint;
  readonly link: string;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** The other way. */
export function statOf(entry: Told) {
  const special = SPECIAL.filter(([unix]) => (entry.mode & unix) !== 0).reduce((sum, [, go]) => sum + go, 0);
  return {
    path: entry.path,
    mode: (entry.mode & 0o777) + special + KINDS[entry.type],
    uid: entry.uid,
    gid: entry.gid,
    size: BigInt(entry.type === 'file' ? entry.fileSize : 0),
    modTime: entry.mtime,
    linkname: entry.link,
    devmajor: BigInt(entry.major),
    devminor: BigInt(entry.minor),
    xattrs: Object.fromEntries(entry.xattrs),
  } satisfies MessageInitShape<typeof StatSchema>;
}
