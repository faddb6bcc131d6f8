import { closeSync, constants, fchownSync, lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { posix } from 'node:path';
import { codeOf, notFound } from '#lib/errors';
import { openInRoot } from '#linux/files';
import { type IdMap, type Owner, rootOf } from '#linux/ids';
import { type BindOptions, bindMount } from '#linux/mount';
import { chrootThread, privateMounts } from '#linux/worker';
import { ensureDirectory } from './working-directory.ts';

/** How a thread sees a container's files. */
export interface ArchiveView {
  /** A host path: a mounted snapshot, or a running process' root. */
  readonly root: string;
  /** Bound into the root first, outer ones before those inside them. */
  readonly mounts: readonly {
    readonly source: string;
    readonly destination: string;
    readonly readonly: boolean;
    /** Descriptor of a user namespace that the owners are mapped by. */
    readonly userns?: number | undefined;
  }[];
  /** The root itself must not be written to. */
  readonly readonly: boolean;
  /** How owners show in it; undefined: as they are in the container. */
  readonly idMap: IdMap | undefined;
}

export interface PathInput {
  readonly view: ArchiveView;
  readonly path: string;
}

const O_PATH = 0o10000000;

/**
 * In a worker thread: makes the container's root the thread's. The mounts of a stopped container are
 * made in a mount namespace of this thread's own, so nothing of them is seen outside or outlives it.
 * From here on no link in the container can lead anywhere else. Synchronous calls only.
 */
export function enterView({ root, mounts, readonly, idMap }: ArchiveView): void {
  const owner = idMap && rootOf(idMap);
  if (mounts.length > 0 || readonly) {
    privateMounts();
    if (readonly) {
      for (const mount of mounts) makeMountPoint(root, mount, owner);
      bindMount(root, root, { readonly: true });
    }
    for (const mount of mounts) bindInside(root, mount, owner);
  }
  chrootThread(root);
}

type ViewMount = ArchiveView['mounts'][number];

function bindInside(root: string, mount: ViewMount, owner: Owner | undefined): void {
  makeMountPoint(root, mount, owner);
  let place: number;
  try {
    place = openInRoot(root, mount.destination, O_PATH);
  } catch {
    // Something else is in its way, and will be when the container is started.
    return;
  }
  try {
    bindMapped(mount, `/proc/self/fd/${place}`);
  } finally {
    closeSync(place);
  }
}

/** As the start of a container does it: unmapped where the file system cannot do that. */
function bindMapped({ source, readonly, userns }: ViewMount, place: string): void {
  const options: BindOptions = { recursive: true, readonly };
  if (userns !== undefined) {
    try {
      bindMount(source, place, { ...options, userns });
      return;
    } catch (error) {
      if (codeOf(error) !== 'EINVAL') throw error;
    }
  }
  bindMount(source, place, options);
}

/** As the first start would, which may not have been yet. What cannot be made is not there. */
function makeMountPoint(root: string, { source, destination }: ViewMount, owner: Owner | undefined): void {
  try {
    if (statSync(source).isDirectory()) return ensureDirectory(root, destination, owner);
    ensureDirectory(root, posix.dirname(destination), owner);
    const file = openInRoot(
      root,
      destination,
      constants.O_CREAT | constants.O_EXCL | constants.O_RDONLY,
      0o644,
    );
    if (owner) fchownSync(file, owner.uid, owner.gid);
    closeSync(file);
  } catch {
    // A link or a file is in the way, or the place is read-only: bindInside finds out.
  }
}

/** A path of a request, looked up in a view that was entered. */
export interface ViewPath {
  /** Absolute, without links on the way; the last name itself is not followed unless the request ends in `/` or `/.`. */
  readonly real: string;
  /** What Docker calls it: the last name of the request; `.` for `/etc/.`, `/` for the root. */
  readonly name: string;
  readonly stats: Stats;
}

/** @throws notFound; Node's ENOENT, ENOTDIR, ELOOP for what is on the way */
export function lookUp(path: string): ViewPath {
  const clean = posix.join('/', path).replace(/\/+$/, '') || '/';
  const name = path.endsWith('/.') && clean !== '/' ? '.' : posix.basename(clean) || '/';
  const followed = clean === '/' || /\/\.?$/.test(path);
  // Node's own realpath in JavaScript: the native one would ask /proc, which is not ours in here.
  const real = followed
    ? realpathSync(clean)
    : posix.join(realpathSync(posix.dirname(clean)), posix.basename(clean));
  const stats = lstatSync(real, { throwIfNoEntry: false });
  if (!stats) throw Object.assign(notFound(`no such file: ${real}`), { code: 'ENOENT' });
  if (followed && path !== '/' && !stats.isDirectory()) {
    throw Object.assign(notFound(`not a directory: ${real}`), { code: 'ENOTDIR' });
  }
  return { real, name, stats };
}
