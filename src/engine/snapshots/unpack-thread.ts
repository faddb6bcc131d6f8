// A thread that unpacks one layer into a directory: `serveJob` at the end.
import { serveJob } from '#lib/job';
import { type RingMemory, RingReader } from '#lib/ring';
import { chrootThread } from '#linux/worker';
import { LayerApplier, type Owner } from '#oci/layer';
import { DirectoryTarget } from './directory-target.ts';
import type { Usage } from './snapshots.ts';
import { sayFull, spaceGuard } from './space-guard.ts';

export interface UnpackInput {
  readonly target: string;
  readonly ring: RingMemory;
}
export interface Unpacked extends Usage {
  /** Directories that the layer needed and did not describe, the root ('') perhaps among them. */
  readonly implied: readonly string[];
}

function unpack({ target, ring }: UnpackInput): Unpacked {
  // Everything this thread needs is loaded by now. From here on a symlink in the layer, or one put there
  // by whoever, resolves inside the target whatever it says; only synchronous calls share that root.
  chrootThread(target);
  const tree = new LayerTree('/', { merged: false, onWrite: spaceGuard('/') });
  using applier = new LayerApplier(tree);
  try {
    for (const chunk of new RingReader(ring).chunks()) applier.push(chunk);
    const { entries, bytes } = applier.finish();
    return { size: bytes, inodes: entries, implied: [...tree.implied] };
  } catch (error) {
    throw sayFull(error);
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

await serveJob(unpack);
