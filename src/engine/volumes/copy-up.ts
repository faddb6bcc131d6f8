import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { chmod, chown, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, systemError } from '#lib/errors';
import { getXattr, listXattrs, setTimes, setXattr } from '#linux/files';
import { isMountPoint, openMountCopy } from '#linux/mount';
import { isOverlayXattr } from '#oci/layer';
import { dataOf, directoryOf, recordOf, type VolumesState } from './state.ts';

/**
 * Fills an empty volume with what the image has at the mount's destination: owners, modes, times, xattrs, links,
 * devices, and the directory's own attributes. A volume that has content stays as it is.
 * `source` has been resolved inside the container's root by the caller; a missing one is fine. `userns`: a
 * descriptor of the user namespace that the owners at `source` are mapped by; in the volume they are the container's.
 */
export async function copyUp(
  state: VolumesState,
  name: string,
  source: string,
  userns?: number,
): Promise<void> {
  using _lock = await state.locks.acquire(name);
  const record = recordOf(state, name);
  const data = dataOf(state, name);
  if (!(await awaitsContent(state, name))) return;
  const entries = await entriesOf(source);
  if (!entries) return;
  const mounted = isMountPoint(data);
  if (mounted && state.options.users(name).length > 1) {
    state.options.log.warn('not copying the content of the image: other containers use the mounted volume', {
      volume: name,
    });
    return;
  }
  state.records.put(name, { ...record, copying: true });
  if (mounted) {
    using target = asMapped(data, userns);
    await copyTree(source, target.path);
  } else await copyAside(source, join(directoryOf(state, name), '.copying'), data, userns);
  state.records.put(name, record);
}

/** Whether `copyUp` would copy: nothing is in it, or an earlier copy was interrupted. @throws notFound */
export async function awaitsContent(state: VolumesState, name: string): Promise<boolean> {
  const { copying = false } = recordOf(state, name);
  return copying || (await readdir(dataOf(state, name))).length === 0;
}

async function entriesOf(source: string): Promise<string[] | undefined> {
  try {
    return await readdir(source);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Containers that have the volume already could put a symlink in the way of a copy that runs as root of
 * the host. So the copy is made where no container sees it, and its entries are moved in
 * whole: a rename does not follow what is there. What an interrupted run has moved is complete.
 */
async function copyAside(
  source: string,
  staging: string,
  data: string,
  userns: number | undefined,
): Promise<void> {
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  await using _cleanUp = { [Symbol.asyncDispose]: () => rm(staging, { recursive: true, force: true }) };
  using target = asMapped(staging, userns);
  await copyTree(source, target.path);
  const present = new Set(await readdir(data));
  for (const entry of await readdir(staging)) {
    if (!present.has(entry)) await rename(join(staging, entry), join(data, entry));
  }
  using volume = asMapped(data, userns);
  await copyAttributes(source, volume.path);
}

/**
 * A directory in which to set mapped owners sets the container's. Where the file system cannot do that, a
 * container gets the volume without mapping too.
 */
function asMapped(directory: string, userns: number | undefined): { readonly path: string } & Disposable {
  if (userns === undefined) return { path: directory, [Symbol.dispose]: () => {} };
  try {
    const copy = openMountCopy(directory, { userns });
    return { path: `/proc/self/fd/${copy}/.`, [Symbol.dispose]: () => closeSync(copy) };
  } catch (error) {
    if (codeOf(error) !== 'EINVAL') throw error;
    return { path: directory, [Symbol.dispose]: () => {} };
  }
}

/** The volume's own directory looks like the image's. */
async function copyAttributes(source: string, target: string): Promise<void> {
  const from = await stat(source, { bigint: true });
  await chown(target, Number(from.uid), Number(from.gid));
  await chmod(target, Number(from.mode & 0o7777n));
  for (const name of listXattrs(source)) {
    const value = isOverlayXattr(name) ? undefined : getXattr(source, name);
    if (value) setXattr(target, name, value);
  }
  setTimes(target, from.atimeNs, from.mtimeNs);
}

/** cp(1) does it all, hard links included, in a process of its own. Both ends are given as open directories. */
async function copyTree(source: string, target: string): Promise<void> {
  await using from = await open(source, 'r');
  await using to = await open(target, 'r');
  const cp = spawn('cp', ['-a', '--', '/proc/self/fd/3/.', '/proc/self/fd/4/'], {
    stdio: ['ignore', 'ignore', 'pipe', from.fd, to.fd],
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let stderr = '';
  cp.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, 4096);
  });
  cp.once('error', reject);
  cp.once('close', (code) => {
    if (code === 0) resolve();
    else reject(systemError(`failed to copy the image's content into the volume: ${stderr.trim()}`));
  });
  await promise;
}
