// A thread that writes one layer as an image: `serveJob` at the end.
import { serveJob } from '#lib/job';
import { type RingMemory, RingReader } from '#lib/ring';
import { type Attributes, LayerImage } from '#oci/erofs';
import { NewImageFile } from './image-file.ts';
import { attributesBelow } from './inherit.ts';
import type { Usage } from './snapshots.ts';
import { sayFull } from './space-guard.ts';

export interface ImageInput {
  /** Of the new file. */
  readonly path: string;
  readonly uuid: Uint8Array;
  /** Trees of the layers below, uppermost first. */
  readonly lowers: readonly string[];
  readonly ring: RingMemory;
}

export interface WrittenLayer extends Usage {
  /** Bytes of the tar in it. */
  readonly archive: number;
}

function write({ path, uuid, lowers, ring }: ImageInput): WrittenLayer {
  try {
    using file = new NewImageFile(path);
    using image = new LayerImage(file);
    for (const chunk of new RingReader(ring).chunks()) image.push(chunk);
    const made: Attributes = {
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtime: BigInt(Date.now()) * 1_000_000n,
      xattrs: undefined,
    };
    const inherit = (directory: string) => attributesBelow(lowers, directory) ?? made;
    const { entries, bytes, archiveSize } = image.finish({ uuid, inherit });
    return { size: bytes, inodes: entries, archive: archiveSize };
  } catch (error) {
    throw sayFull(error);
  }
}

await serveJob(write);
