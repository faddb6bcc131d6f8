import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';
import { makeDirectories } from './create.ts';
import { REMOVED } from './remove.ts';
import { DATA, directoryOf, type VolumesState } from './state.ts';

/** Ends what the engine's death interrupted: a removal that was not recorded yet did not happen, nor did a creation. */
export async function recover(state: VolumesState): Promise<void> {
  const { root, log } = state.options;
  for (const entry of await readdir(root)) {
    if (!entry.startsWith(REMOVED)) continue;
    const doomed = join(root, entry);
    for (const name of await readdir(doomed)) {
      if (state.records.get(name)) await rename(join(doomed, name), directoryOf(state, name));
    }
    await rm(doomed, { recursive: true, force: true });
  }
  const present = new Set(await readdir(root));
  for (const name of present) if (!state.records.get(name)) await dropUnrecorded(join(root, name));
  for (const { id: name } of state.records.all()) {
    if (present.has(name)) continue;
    log.error('the directory of a volume is gone: it is empty now', { volume: name });
    await makeDirectories(state, name);
  }
}

/** A creation ends with its record, and only then anything can be in the volume. What has content is somebody's data. */
async function dropUnrecorded(directory: string): Promise<void> {
  for (const path of [join(directory, DATA), directory]) {
    try {
      await rmdir(path);
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'ENOTDIR', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
    }
  }
}
