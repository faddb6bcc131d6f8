import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, conflict } from '#lib/errors';
import { isMountPoint, unmount } from '#linux/mount';
import { dataOf, directoryOf, recordOf, type VolumesState } from './state.ts';
import { sizeOf } from './usage.ts';

/** No volume can have a name that begins with a dot. */
export const REMOVED = '.removed-';

/** @throws notFound (unless forced), conflict while containers use it */
export async function remove(state: VolumesState, name: string, options: { force: boolean }): Promise<void> {
  if (options.force && !state.records.get(name)) return;
  using _lock = await state.locks.acquire(name);
  recordOf(state, name);
  const users = state.options.users(name);
  if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
  await drop(state, name);
}

export interface VolumesPruneOptions {
  /** Named ones too. */
  readonly all: boolean;
  readonly matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean;
  /** Told of each as soon as it is gone. */
  readonly onRemoved?: ((name: string) => void) | undefined;
}

/** Removes what no container refers to: anonymous volumes, named ones too with `all`. */
export async function prune(
  state: VolumesState,
  options: VolumesPruneOptions,
): Promise<{ removed: string[]; reclaimed: number }> {
  const removed: string[] = [];
  let reclaimed = 0;
  for (const { id: name, record } of state.records.all()) {
    if (!options.all && !record.anonymous) continue;
    if (options.matchesLabels && !options.matchesLabels(record.labels)) continue;
    using _lock = await state.locks.acquire(name);
    if (!state.records.get(name) || state.options.users(name).length > 0) continue;
    const size = await sizeOf(dataOf(state, name));
    // A container may have come to use it while its size was counted.
    if (state.options.users(name).length > 0) continue;
    await drop(state, name);
    removed.push(name);
    options.onRemoved?.(name);
    reclaimed += size;
  }
  state.options.events.publish('volume', 'prune', '', { reclaimed: String(reclaimed) });
  return { removed, reclaimed };
}

/** Out of the way in one step, then out of the records; the data itself may take its time. */
async function drop(state: VolumesState, name: string): Promise<void> {
  const data = dataOf(state, name);
  // Removing through a mount would delete the files of a device that is not ours.
  if (isMountPoint(data)) await unmount(data);
  const doomed = join(state.options.root, REMOVED + randomBytes(6).toString('hex'));
  await mkdir(doomed);
  await rename(directoryOf(state, name), join(doomed, name)).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
  state.options.database.transaction(() => {
    state.records.delete(name);
    state.options.events.publish('volume', 'destroy', name, { driver: 'local' });
  });
  await rm(doomed, { recursive: true, force: true });
}
