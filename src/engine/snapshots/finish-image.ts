import type { Attributes, LayerImage } from '#oci/erofs';
import { attributesBelow } from './inherit.ts';
import type { Usage } from './snapshots.ts';

/** Where a layer's image is written, and what it stands on. */
export interface ImageTarget {
  /** Of the new file. */
  readonly path: string;
  readonly uuid: Uint8Array;
  /** Trees of the layers below, uppermost first. */
  readonly lowers: readonly string[];
}

export interface WrittenLayer extends Usage {
  /** Bytes of the tar in it. */
  readonly archive: number;
}

/** Ends an image whose tar is there. Directories that the tar does not describe are as below, or as made now. */
export function finishImage(image: LayerImage, { uuid, lowers }: ImageTarget): WrittenLayer {
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
}
