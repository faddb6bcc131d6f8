import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, messageOf, systemError } from '#lib/errors';
import type { Owner } from '#linux/ids';
import { type BindOptions, bindMount, unmount, unmountCopy } from '#linux/mount';
import { bindNamespace } from '#linux/namespaces';
import type { RuntimeContext } from './context.ts';

/** Ends the name of a copy that is a peer of its source. */
const SHARED = '.shared';
/** More mounts than that on one another are nobody's intention. */
const MOST_LAYERS = 64;

export interface StageOptions {
  /** What the container mounts below it shows on the host (`rshared`). */
  readonly shared?: boolean;
  /** Without what is mounted below it. crun 1.8 binds all of it, whatever it is told. */
  readonly alone?: boolean;
  /** The root of the container's user namespace: what is staged is put within its reach. */
  readonly root?: Owner | undefined;
  /**
   * Descriptor of a user namespace: owners show as it maps them. On a file system that cannot do that they stay
   * as they are.
   */
  readonly userns?: number | undefined;
}

/**
 * What the host mounts after our start is invisible in the isolated spawner's mount namespace, and a
 * bind of it would silently be empty. A bind below the exec root, which is a shared mount, shows in
 * both. Returns the path to name in the spec.
 *
 * The copy hears of what is mounted below the source, but is no peer of it, else to take it away would
 * unmount what the host has below the source, such as every overlay and namespace when the source is
 * `/`. Only a volume that asks to propagate its own mounts (`rshared`) has to be a peer.
 */
export function stage(context: RuntimeContext, id: string, source: string, options: StageOptions): string {
  const { shared = false, alone = false, root, userns } = options;
  if (!context.spawner.isolated && root === undefined && !alone) return source;
  const directory = openStage(context, id, root);
  const target = join(directory, `${readdirSync(directory).length}${shared ? SHARED : ''}`);
  if (statSync(source).isDirectory()) mkdirSync(target);
  else writeFileSync(target, '');
  const bind: BindOptions = { recursive: !alone, ...(shared ? {} : { propagation: 'slave' }) };
  if (userns === undefined || !bindMapped(context, source, target, { ...bind, userns })) {
    bindMount(source, target, bind);
  }
  return target;
}

/** Gives a container's user namespace a name that the runtime can join it by. `source` as in `bindNamespace`. */
export function stageNamespace(context: RuntimeContext, id: string, source: string, root: Owner): string {
  const target = join(openStage(context, id, root), 'user');
  bindNamespace(source, target);
  return target;
}

/** The directory of a container's binds: closed to all but the host's root and the container's. */
function openStage(context: RuntimeContext, id: string, root: Owner | undefined): string {
  const directory = context.paths.stage(id);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (root === undefined) return directory;
  chownSync(directory, 0, root.gid);
  chmodSync(directory, 0o710);
  return directory;
}

function bindMapped(context: RuntimeContext, source: string, target: string, options: BindOptions): boolean {
  try {
    bindMount(source, target, options);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EINVAL') throw error;
    context.log.warn('owners of files cannot be mapped here: they show as they are on the host', { source });
    return false;
  }
}

/** The runtime enters a root file system as the container's root, who must get there. @throws system */
export function requireReachable(context: RuntimeContext, root: Owner): void {
  for (let place = context.paths.stages; ; place = dirname(place)) {
    const { mode, uid, gid } = statSync(place);
    const search = uid === root.uid ? 0o100 : gid === root.gid ? 0o010 : 0o001;
    if ((mode & search) === 0) {
      throw systemError(
        `${place} keeps out the root of containers in a user namespace (uid ${root.uid} of the host): ` +
          `chmod o+x ${place}, or use another exec root (--exec-root)`,
      );
    }
    if (place === '/') return;
  }
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
      await context.guarded.unmountCopy(target);
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
