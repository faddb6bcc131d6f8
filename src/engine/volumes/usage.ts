import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { deviceMountOf } from './local-options.ts';
import { dataOf, type VolumesState } from './state.ts';

/** Bytes of the files below a directory, each file once however many names it has; 0 when it is not there. */
export async function sizeOf(directory: string): Promise<number> {
  const seen = new Set<string>();
  let size = 0;
  // A child, so that a million files do not keep the engine's thread pool busy.
  const find = spawn('find', [directory, '-xdev', '!', '-type', 'd', '-printf', '%n %i %s\\n'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const failed = new Promise<never>((_, reject) => find.once('error', reject));
  const counted = (async () => {
    for await (const line of createInterface({ input: find.stdout })) {
      const [links, inode = '', bytes] = line.split(' ');
      if (links !== '1') {
        if (seen.has(inode)) continue;
        seen.add(inode);
      }
      size += Number(bytes);
    }
    return size;
  })();
  return await Promise.race([counted, failed]);
}

/** Sizes of all volumes. What is mounted from elsewhere takes no room here and counts as 0. */
export async function usage(state: VolumesState): Promise<{ name: string; size: number }[]> {
  const sizes: { name: string; size: number }[] = [];
  for (const { id: name, record } of state.records.all()) {
    const size = deviceMountOf(record.options) ? 0 : await sizeOf(dataOf(state, name));
    sizes.push({ name, size });
  }
  return sizes;
}
