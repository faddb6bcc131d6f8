import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { hasContainers } from '#engine/runtime';
import { fileSystem, lock } from '#linux/files';
import { listMounts, mountSharedMemory, unmount } from '#linux/mount';

const IN_MEMORY = ['tmpfs', 'ramfs'];
const LOCK = 'engine.lock';
/** What the list of mounts names as the source of what was mounted here, which is ours to unmount. */
const SOURCE = 'berth-exec-root';

/**
 * Mounts a file system in memory on an exec root that has none, as hosts have where /run is on disk; true when it did.
 * What is in it ends with the boot, and every container makes and removes some twenty files there, which a journal makes
 * dear (docs/decisions/the-exec-root-is-in-memory.md). Never over what an engine has left there.
 */
export function keepInMemory(execRoot: string): boolean {
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
  if (!outlivesUs()) return false;
  const below = openSync(execRoot, 'r');
  try {
    // Two that start at the same moment must not both find it empty.
    lock(below);
    if (IN_MEMORY.includes(fileSystem(execRoot).type)) return false;
    if (readdirSync(execRoot).some((name) => name !== LOCK)) return false;
    mountSharedMemory(execRoot, SOURCE);
    return true;
  } finally {
    closeSync(below);
  }
}

/**
 * Whether what is mounted here is there for the next engine: in a mount namespace of our own it would go with us. The
 * host's is that of the first process, which some sandboxes hide, and of the kernel's threads, which containers do not see.
 */
function outlivesUs(): boolean {
  const [own, ...hosts] = ['self', '1', '2'].map(mountNamespaceOf);
  return own !== undefined && hosts.find((namespace) => namespace !== undefined) === own;
}

function mountNamespaceOf(process: string): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/mnt`);
  } catch {
    return undefined;
  }
}

/** Unmounts it, unless a container is left: what is known of those that run is in it. Missing is fine. */
export async function letMemoryGo(execRoot: string): Promise<void> {
  if (!existsSync(execRoot) || hasContainers(execRoot)) return;
  const place = realpathSync(execRoot);
  const top = listMounts().findLast(({ mountPoint }) => mountPoint === place);
  if (top?.source === SOURCE) await unmount(place);
}
