import { posix } from 'node:path';
import type { Mount } from '#oci/runtime-spec';
import type { ContainerRecord, MountPoint } from './record.ts';
import { splitOptions, tmpfsOptions } from './tmpfs-options.ts';

export const DEFAULT_SHM_SIZE = 64 * 2 ** 20;
export const INIT_IN_CONTAINER = '/sbin/docker-init';

/** A mount of the record with the host path that the runtime is to bind. */
export interface ReadyMount {
  readonly point: MountPoint;
  /** Empty for a tmpfs. */
  readonly source: string;
  readonly isDirectory: boolean;
  /** Mount points below the source, relative to it, that the runtime would leave out. */
  readonly below: readonly string[];
}
export interface MountSources {
  readonly mounts: readonly ReadyMount[];
  /** Host paths of the three files that networks make. */
  readonly files: { readonly resolvConf: string; readonly hosts: string; readonly hostname: string };
  /** Directory shared as /dev/shm with other containers or the host; undefined: a tmpfs of its own. */
  readonly shm: string | undefined;
  /** The host's /dev/mqueue; undefined: it has none. */
  readonly mqueue: string | undefined;
  /** The host's /proc in place of one of its own, which only the host's root may mount of the host's processes. */
  readonly bindsProc: boolean;
  /** Path of the init binary; undefined: the container has none. */
  readonly init: string | undefined;
}

/** All mounts in an order in which none hides another: by depth. What the user mounts replaces ours at the same place. */
export function specMounts(record: ContainerRecord, sources: MountSources): Mount[] {
  const own = userMounts(record, sources.mounts);
  const taken = new Set(own.map(({ destination }) => destination));
  const isFree = ({ destination }: Mount) =>
    !taken.has(destination) && !(taken.has('/dev') && destination.startsWith('/dev/'));
  const base = [...kernelMounts(record, sources), ...fileMounts(record, sources)].filter(isFree);
  return [...base, ...own].sort((a, b) => depth(a.destination) - depth(b.destination));
}

const depth = (path: string): number => posix.normalize(path).split('/').length;

function kernelMounts(record: ContainerRecord, { shm, mqueue, bindsProc }: MountSources): Mount[] {
  const { privileged, ipcMode, shmSize } = record.hostConfig;
  const access = privileged ? [] : ['ro'];
  const kernelOptions = ['nosuid', 'noexec', 'nodev'];
  const list: Mount[] = [
    bindsProc
      ? { destination: '/proc', type: 'bind', source: '/proc', options: ['rbind', ...kernelOptions] }
      : { destination: '/proc', type: 'proc', source: 'proc', options: kernelOptions },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/sys',
      type: 'sysfs',
      source: 'sysfs',
      options: ['nosuid', 'noexec', 'nodev', ...access],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['nosuid', 'noexec', 'nodev', ...access],
    },
  ];
  // The host's queues belong to the host's user namespace: whoever has another cannot mount them.
  if (ipcMode === 'host' && record.idMap) {
    if (mqueue) list.push({ destination: '/dev/mqueue', type: 'bind', source: mqueue, options: ['bind'] });
  } else {
    const options = ['nosuid', 'noexec', 'nodev'];
    list.push({ destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options });
  }
  if (shm !== undefined) {
    list.push({ destination: '/dev/shm', type: 'bind', source: shm, options: ['rbind', 'rprivate'] });
  } else if (ipcMode !== 'none') {
    list.push({
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${shmSize || DEFAULT_SHM_SIZE}`],
    });
  }
  return list;
}

/** What the runtime makes in every root file system to mount on, where the image does not have it. */
export const MOUNT_POINTS: readonly string[] = [
  'dev',
  'etc/hostname',
  'etc/hosts',
  'etc/resolv.conf',
  'proc',
  'sys',
  INIT_IN_CONTAINER.slice(1),
];

function fileMounts(record: ContainerRecord, { files, init }: MountSources): Mount[] {
  const access = record.hostConfig.readonlyRootfs ? ['ro'] : [];
  const bind = (destination: string, source: string, options: readonly string[]): Mount => ({
    destination,
    type: 'bind',
    source,
    options: ['bind', 'rprivate', ...options],
  });
  return [
    bind('/etc/resolv.conf', files.resolvConf, access),
    bind('/etc/hostname', files.hostname, access),
    bind('/etc/hosts', files.hosts, access),
    ...(init === undefined ? [] : [bind(INIT_IN_CONTAINER, init, ['ro'])]),
  ];
}

function userMounts(record: ContainerRecord, ready: readonly ReadyMount[]): Mount[] {
  const tmpfs = Object.entries(record.hostConfig.tmpfs).map(
    ([destination, options]): Mount => ({
      destination: posix.normalize(destination),
      type: 'tmpfs',
      source: 'tmpfs',
      options: tmpfsOptions(splitOptions(options)),
    }),
  );
  return [...tmpfs, ...ready.flatMap(pointMounts)];
}

function pointMounts({ point, source, isDirectory, below }: ReadyMount): Mount[] {
  const { destination, readWrite } = point;
  if (point.type === 'tmpfs') {
    return [{ destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsOfSpec(point) }];
  }
  const recursive = !point.spec?.bind?.nonRecursive;
  const propagation = point.propagation || 'rprivate';
  const alone = point.readOnlyNonRecursive || point.spec?.bind?.readOnlyNonRecursive;
  const options = [recursive ? 'rbind' : 'bind', propagation, ...(readWrite ? [] : ['ro'])];
  // A file system mounted below the source would stay writable otherwise (mount_setattr(2), AT_RECURSIVE).
  // Below a file there is none, and crun opens what it is to change as a directory.
  if (!readWrite && recursive && isDirectory && !alone) options.push('rro');
  const inner = ['bind', propagation, ...(readWrite || alone ? [] : ['ro'])];
  return [
    { destination, type: 'bind', source, options },
    ...(recursive ? below : []).map((path) => ({
      destination: posix.join(destination, path),
      type: 'bind',
      source: posix.join(source, path),
      options: inner,
    })),
  ];
}

function tmpfsOfSpec(point: MountPoint): string[] {
  const { size, mode, options = [] } = point.spec?.tmpfs ?? {};
  const given = options.map((words) => words.join('='));
  if (size) given.push(`size=${size}`);
  if (mode) given.push(`mode=${mode.toString(8)}`);
  if (!point.readWrite) given.push('ro');
  return tmpfsOptions(given);
}

/** How the root itself takes part in propagation: at least as openly as the most open mount in it. */
export function rootPropagation(mounts: readonly ReadyMount[]): 'rshared' | 'rslave' | undefined {
  const kinds = new Set(mounts.map(({ point }) => point.propagation.replace(/^r/, '')));
  if (kinds.has('shared')) return 'rshared';
  return kinds.has('slave') ? 'rslave' : undefined;
}
