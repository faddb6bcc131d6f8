// A thread that unpacks one layer: `serveJob` at the end.
import { statfsSync } from 'node:fs';
import { codeOf, systemError } from '#lib/errors';
import { serveJob } from '#lib/job';
import { type RingMemory, RingReader } from '#lib/ring';
import { chrootThread } from '#linux/worker';
import { LayerApplier, type Owner } from '#oci/layer';
import { DirectoryTarget } from './directory-target.ts';
import type { Usage } from './snapshots.ts';

export interface UnpackInput {
  readonly target: string;
  readonly ring: RingMemory;
}
export interface Unpacked extends Usage {
  /** Directories that the layer needed and did not describe, the root ('') perhaps among them. */
  readonly implied: readonly string[];
}

/** Bytes written between two looks at the free space; on a small disk a quarter of its reserve. */
const CHECK_EVERY = 64 << 20;
/** What a layer may never take: the last 2 % of the file system, at most this much. */
const LARGEST_RESERVE = 512 << 20;

function unpack({ target, ring }: UnpackInput): Unpacked {
  // Everything this thread needs is loaded by now. From here on a symlink in the layer, or one put there
  // by whoever, resolves inside the target whatever it says; only synchronous calls share that root.
  chrootThread(target);
  const tree = new LayerTree('/', { merged: false, onWrite: spaceGuard() });
  using applier = new LayerApplier(tree);
  try {
    for (const chunk of new RingReader(ring).chunks()) applier.push(chunk);
    const { entries, bytes } = applier.finish();
    return { size: bytes, inodes: entries, implied: [...tree.implied] };
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw systemError(
      'no space left on device while unpacking a layer: free some space, then try again',
      error,
    );
  }
}

/** Notes which directories were made without being described. */
class LayerTree extends DirectoryTarget {
  readonly implied = new Set<string>(['']);

  override mkdir(path: string, mode: number): void {
    super.mkdir(path, mode);
    this.implied.add(path);
  }

  /** What the archive describes has an owner. */
  override chown(path: string, owner: Owner): void {
    super.chown(path, owner);
    this.implied.delete(path);
  }
}

/** A small archive can hold a huge tree: it must not fill the disk that everything else lives on. */
function spaceGuard(): (bytes: number) => void {
  const { blocks, bsize } = statfsSync('/');
  const reserve = Math.min(LARGEST_RESERVE, (blocks * bsize) / 50);
  const step = Math.min(CHECK_EVERY, reserve / 4);
  let unchecked = step;
  return (bytes) => {
    unchecked += bytes;
    if (unchecked < step) return;
    unchecked = 0;
    const free = statfsSync('/').bavail * bsize;
    if (free < reserve) {
      throw systemError(
        `no space left on device: unpacking this layer would leave less than ${Math.floor(reserve / 2 ** 20)} MiB free`,
      );
    }
  };
}

await serveJob(unpack);
