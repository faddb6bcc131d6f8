import { MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, mount } from '../ffi/mount.ts';

/** What mount(8) calls file-system-independent options: flags to set, or (negative) to clear. */
const FLAGS: ReadonlyMap<string, number> = new Map([
  ['defaults', 0],
  ['rw', -MS_RDONLY],
  ['ro', MS_RDONLY],
  ['suid', -MS_NOSUID],
  ['nosuid', MS_NOSUID],
  ['dev', -MS_NODEV],
  ['nodev', MS_NODEV],
  ['exec', -MS_NOEXEC],
  ['noexec', MS_NOEXEC],
  ['sync', 16],
  ['async', -16],
  ['dirsync', 128],
  ['noatime', 1024],
  ['atime', -1024],
  ['nodiratime', 2048],
  ['bind', MS_BIND],
  ['rbind', MS_BIND | MS_REC],
  ['relatime', 1 << 21],
  ['norelatime', -(1 << 21)],
  ['strictatime', 1 << 24],
]);

/** Splits `ro,nosuid,size=10m` into mount(2)'s flags and the file system's own data. */
export function parseMountOptions(options: string): { readonly flags: number; readonly data: string } {
  let flags = 0;
  const data: string[] = [];
  for (const option of options.split(',')) {
    const flag = FLAGS.get(option);
    if (flag === undefined) {
      if (option !== '') data.push(option);
    } else if (flag < 0) flags &= ~-flag;
    else flags |= flag;
  }
  return { flags, data: data.join(',') };
}

/**
 * Mounts any file system by mount(8)'s words: a volume's `type`, `device` and `o`. With `bind`
 * among the options the type is ignored. Synchronous: a network file system belongs in a worker.
 * @throws SystemError
 */
export function mountFileSystem(type: string, source: string, target: string, options = ''): void {
  const { flags, data } = parseMountOptions(options);
  mount(source, target, type, flags, data);
  // A bind ignores every other flag of its first call: read-only takes a second one.
  if (flags & MS_BIND && flags & ~(MS_BIND | MS_REC)) {
    mount(null, target, null, (flags & ~MS_REC) | REMOUNT, null);
  }
}

const REMOUNT = 32;

/** tmpfs(5) with its own options in `data` (`size=64m,mode=1777`). */
export function mountTmpfs(
  target: string,
  data: string,
  flags: { nosuid?: boolean; nodev?: boolean; noexec?: boolean; readonly?: boolean } = {},
): void {
  const bits =
    (flags.nosuid ? MS_NOSUID : 0) |
    (flags.nodev ? MS_NODEV : 0) |
    (flags.noexec ? MS_NOEXEC : 0) |
    (flags.readonly ? MS_RDONLY : 0);
  mount('tmpfs', target, 'tmpfs', bits, data);
}
