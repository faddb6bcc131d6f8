import { mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, messageOf } from '#lib/errors';
import { bindMount, unmount } from '#linux/mount';
import type { RuntimeContext } from './context.ts';

/**
 * What the host mounts after our start is invisible in the isolated spawner's mount namespace, and a
 * bind of it would silently be empty. A bind below the exec root, which is a shared mount, shows in
 * both. Returns the path to name in the spec.
 */
export function stage(context: RuntimeContext, id: string, source: string): string {
  if (!context.spawner.isolated) return source;
  const directory = context.paths.stage(id);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const target = join(directory, String(readdirSync(directory).length));
  if (statSync(source).isDirectory()) mkdirSync(target);
  else writeFileSync(target, '');
  bindMount(source, target, { recursive: true });
  return target;
}

/** Missing is fine. */
export async function unstage(context: RuntimeContext, id: string): Promise<void> {
  const directory = context.paths.stage(id);
  for (const name of entries(directory)) {
    const target = join(directory, name);
    try {
      await unmount(target);
      // Never recursive: if it should still be mounted, what is in it is somebody's data.
      if (statSync(target).isDirectory()) rmdirSync(target);
      else unlinkSync(target);
    } catch (error) {
      context.log.warn(`cannot remove a staged bind: ${messageOf(error)}`, { target });
    }
  }
  try {
    rmdirSync(directory);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTEMPTY') throw error;
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
