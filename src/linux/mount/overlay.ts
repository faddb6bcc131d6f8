import { accessSync, constants, mkdirSync, readSync, rmdirSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { codeOf, invalid, messageOf } from '#lib/errors';
import { errnoNumber, SystemError } from '../errno.ts';
import { AT_FDCWD, O_CLOEXEC, O_PATH } from '../ffi/constants.ts';
import { close, open } from '../ffi/descriptors.ts';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  fsconfig,
  fsmount,
  fsopen,
  MNT_DETACH,
  MOVE_MOUNT_F_EMPTY_PATH,
  mount,
  moveMount,
  UMOUNT_NOFOLLOW,
  umount2,
} from '../ffi/mount.ts';
import { bindMount } from './bind.ts';
import { overlayXattrOption } from './overlay-xattr.ts';

export interface OverlayOptions {
  /** Lower directories, uppermost first. */
  readonly lowers: readonly string[];
  /** Absent: a read-only overlay (a single lower is then bound read-only). */
  readonly upper?: string;
  readonly work?: string;
  readonly target: string;
  /** Skip every sync of the upper: only for data that is thrown away. */
  readonly volatile?: boolean;
}

/**
 * What the upper holds must be readable as an OCI layer. A distribution's kernel may default to
 * redirects (a renamed directory leaves only a pointer in the upper) and to metadata-only copies
 * (a file without its content); an index would bind the upper to one exact set of lowers.
 */
const PLAIN_UPPER = [
  // In a user namespace `off`, which still follows those that are there, is refused.
  overlayXattrOption === undefined ? 'redirect_dir=off' : 'redirect_dir=nofollow',
  'metacopy=off',
  'index=off',
  // Lowers may be of other file systems than the upper: with `xino` their inode numbers go beyond 2^63.
  'xino=off',
];

/** fsconfig(2) copies at most this many bytes of a value, NUL included. */
const FSCONFIG_VALUE_LIMIT = 256;

/** mount(2) copies one page of options. */
const MOUNT_DATA_LIMIT = 4095;

/**
 * Whether this kernel can have `lowerdir+`: Linux 6.7. To try is no way to find out: before 6.5 overlay takes any
 * parameter from fsconfig(2), and refuses the mount with a bare EINVAL when all are given.
 */
const HAS_LOWERDIR_PLUS = isAtLeast(release(), 6, 7);

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return first > major || (first === major && second >= minor);
}

/**
 * overlay(5) through fsopen/fsconfig(lowerdir+)/fsmount/move_mount, 50 us; through mount(2) on
 * kernels without `lowerdir+` (before 6.7) or when a path is too long for fsconfig.
 * @throws SystemError with the kernel's own explanation
 */
export function mountOverlay(options: OverlayOptions): void {
  const { lowers, upper, work, target } = options;
  if ((upper === undefined) !== (work === undefined)) {
    throw invalid('an overlay takes an upper and a work directory together, or neither');
  }
  const [only] = lowers;
  if (only === undefined) throw invalid('an overlay needs a lower directory');
  if (upper === undefined && lowers.length === 1) {
    bindMount(only, target, { readonly: true });
    return;
  }
  const paths = upper === undefined || work === undefined ? lowers : [...lowers, upper, work];
  const fits = paths.every((path) => Buffer.byteLength(path) < FSCONFIG_VALUE_LIMIT);
  if (!HAS_LOWERDIR_PLUS || !fits || !mountByContext(options)) mountByOptions(options, paths);
  if (work !== undefined) requireWritable(target, work);
}

/**
 * Where the kernel cannot make its directory in `work`, as on a full disk, it mounts read-only, says so in the
 * system's log and reports success.
 */
function requireWritable(target: string, work: string): void {
  try {
    accessSync(target, constants.W_OK);
    return;
  } catch (error) {
    if (codeOf(error) !== 'EROFS') throw error;
  }
  umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW);
  const probe = join(work, 'probe');
  try {
    mkdirSync(probe);
    rmdirSync(probe);
  } catch (error) {
    // Node's words: `ENOSPC: no space left on device, mkdir '...'`.
    throw new SystemError(
      'mount',
      ['overlay', target],
      errnoNumber(codeOf(error) ?? 'EROFS'),
      undefined,
      messageOf(error),
    );
  }
  throw new SystemError(
    'mount',
    ['overlay', target],
    errnoNumber('EROFS'),
    undefined,
    'it could only be mounted read-only',
  );
}

/** False when this kernel has no `lowerdir+`; nothing was mounted then. */
function mountByContext({ lowers, upper, work, target, volatile }: OverlayOptions): boolean {
  const context = fsopen('overlay', FSOPEN_CLOEXEC);
  try {
    for (const [index, lower] of lowers.entries()) {
      const result = fsconfig.attempt(context, FSCONFIG_SET_STRING, 'lowerdir+', lower, 0);
      if (result < 0) {
        const why = explain(context);
        // A missing directory is ENOENT here; EINVAL on the first one is about the parameter itself.
        if (index === 0 && result === -22 && (why === undefined || /unknown parameter/i.test(why)))
          return false;
        throw new SystemError('mount', ['overlay', target, `lowerdir+=${lower}`], -result, undefined, why);
      }
    }
    const set = (key: string, value: string) =>
      configure(context, target, `${key}=${value}`, FSCONFIG_SET_STRING, key, value);
    if (upper !== undefined && work !== undefined) {
      set('upperdir', literal(upper));
      set('workdir', literal(work));
      for (const option of PLAIN_UPPER) {
        const [key = '', value = ''] = option.split('=');
        set(key, value);
      }
      if (volatile) configure(context, target, 'volatile', FSCONFIG_SET_FLAG, 'volatile', null);
    }
    if (overlayXattrOption !== undefined) {
      configure(context, target, overlayXattrOption, FSCONFIG_SET_FLAG, overlayXattrOption, null);
    }
    configure(context, target, [...lowers, upper ?? ''].join(':'), FSCONFIG_CMD_CREATE, null, null);
    const mounted = fsmount(context, FSMOUNT_CLOEXEC, 0);
    try {
      moveMount(mounted, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
    } finally {
      close(mounted);
    }
    return true;
  } finally {
    close(context);
  }
}

function configure(
  context: number,
  target: string,
  what: string,
  command: number,
  key: string | null,
  value: string | null,
): void {
  const result = fsconfig.attempt(context, command, key, value, 0);
  if (result < 0) {
    throw new SystemError('mount', ['overlay', target, what], -result, undefined, explain(context));
  }
}

/** The kernel takes a backslash in these two (not in `lowerdir+`) for an escape. */
const literal = (path: string): string => path.replaceAll('\\', '\\\\');

/** The messages that the kernel keeps in a file system context: `e overlay: ...`, one a read. */
function explain(context: number): string | undefined {
  const messages: string[] = [];
  const buffer = Buffer.alloc(1024);
  try {
    for (;;) {
      const length = readSync(context, buffer);
      if (length === 0) break;
      messages.push(
        buffer
          .toString('utf8', 0, length)
          .replace(/^[a-z] /, '')
          .trim(),
      );
    }
  } catch {
    // ENODATA: that was the last one.
  }
  return messages.join('; ') || undefined;
}

/**
 * The old way: all in one string of at most a page, in which `:` and `,` are separators. Naming
 * each directory by an open descriptor makes them all short and free of separators.
 */
function mountByOptions({ lowers, target, upper, volatile }: OverlayOptions, paths: readonly string[]): void {
  const descriptors: number[] = [];
  try {
    for (const path of paths) descriptors.push(open(path, O_PATH | O_CLOEXEC, 0));
    const named = descriptors.map((fd) => `/proc/self/fd/${fd}`);
    const data = [`lowerdir=${named.slice(0, lowers.length).join(':')}`];
    if (upper !== undefined) {
      data.push(`upperdir=${named[lowers.length]}`, `workdir=${named[lowers.length + 1]}`, ...PLAIN_UPPER);
      if (volatile) data.push('volatile');
    }
    if (overlayXattrOption !== undefined) data.push(overlayXattrOption);
    const text = data.join(',');
    if (text.length > MOUNT_DATA_LIMIT) {
      throw invalid(`an overlay of ${lowers.length} layers needs Linux 6.7 or newer`);
    }
    mount('overlay', target, 'overlay', 0, text);
  } finally {
    for (const fd of descriptors) close(fd);
  }
}
