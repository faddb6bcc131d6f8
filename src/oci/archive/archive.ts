import type { Digest } from '#oci/digest';
import type { Descriptor } from '#oci/image';
import type { Reference } from '#oci/reference';

export interface ArchiveImage {
  /** Names the archive gives it; empty for an untagged image. */
  readonly references: readonly Reference[];
  /** A manifest or an index, as in the archive. For a docker-archive, which has none, an OCI manifest made here. */
  readonly root: Descriptor;
}

/** What `docker save`, `podman save` or `skopeo copy` wrote, seen as OCI content whatever its form. */
export interface Archive {
  readonly images: readonly ArchiveImage[];
  /** Every blob that belongs to the images and is there: content of other platforms may be missing. */
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
  /** Verified content of one of `blobs`. @throws notFound */
  open(digest: Digest): AsyncIterable<Uint8Array>;
}
