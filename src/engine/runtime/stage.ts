import { mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, messageOf } from '#lib/errors';
import { bindMount, unmount, unmountCopy } from '#linux/mount';
import type { RuntimeContext } from './context.ts';

/** Ends the name of a copy that is a peer of its source. */
const SHARED = '.shared';
/** More mounts than that on one another are nobody's intention. */
const MOST_LAYERS = 64;

/**
 * What the host mounts after our start is invisible in the isolated spawner's mount namespace, and a
 * bind of it would silently be empty. A bind below the exec root, which is a shared mount, shows in
 * both. Returns the path to name in the spec.
 *
 * The copy hears of what is mounted below the source, but is no peer of it, else to take it away would
 * unmount what the host has below the source, such as every overlay and namespace when the source is
 * `/`. Only a volume that asks to propagate its own mounts (`rshared`) has to be a peer.
 */
export function stage(context: RuntimeContext, id: string, source: string, shared: boolean): string {
  if (!context.spawner.isolated) return source;
  const directory = context.paths.stage(id);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const target = join(directory, `${readdirSync(directory).length}${shared ? SHARED : ''}`);
  if (statSync(source).isDirectory()) mkdirSync(target);
  else writeFileSync(target, '');
  bindMount(source, target, { recursive: true, ...(shared ? {} : { propagation: 'slave' }) });
  return target;
}

/** Missing is fine. */
export async function unstage(context: RuntimeContext, id: string): Promise<void> {
  const directory = context.paths.stage(id);
  for (const name of entries(directory)) {
    const target = join(directory, name);
    try {
      await removeCopy(context, target);
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

/** What the host has mounted on the source since has arrived on the copy as well: there may be several to take off. */
async function removeCopy(context: RuntimeContext, target: string): Promise<void> {
  for (let layers = 1; ; layers++) {
    if (target.endsWith(SHARED)) {
      await context.spawner.unmountCopy(target);
      await unmountCopy(target);
    } else await unmount(target);
    try {
      // Never recursive: if it should still be mounted, what is in it is somebody's data.
      if (statSync(target).isDirectory()) rmdirSync(target);
      else unlinkSync(target);
      return;
    } catch (error) {
      if (codeOf(error) !== 'EBUSY' || layers === MOST_LAYERS) throw error;
    }
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
