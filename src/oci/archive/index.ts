// CONTRACT: bodies are being written right now; names and signatures stay.
import type { Digest } from '#oci/digest';
import type { Descriptor } from '#oci/image';
import type { Reference } from '#oci/reference';

/** A stored member of an archive. */
export interface Spooled {
  open(): AsyncIterable<Uint8Array>;
}
/** Stores one member while it arrives (a tar is read once, in order) and hands back how to read it again. Must consume `content`. */
export type Spool = (name: string, content: AsyncIterable<Uint8Array>) => Promise<Spooled>;

export interface ArchiveImage {
  /** Names the archive gives it; empty for an untagged image. */
  readonly references: readonly Reference[];
  /** A manifest or an index, as in the archive. For a docker-archive, which has none, an OCI manifest made here. */
  readonly root: Descriptor;
}

/** What `docker save`, `podman save` or `skopeo copy` wrote, seen as OCI content whatever its form. */
export interface Archive {
  readonly images: readonly ArchiveImage[];
  /** Descriptors of every blob that is needed by the images and is there (content of other platforms may be missing). */
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
  /** Verified content of one of `blobs`. @throws notFound */
  open(digest: Digest): AsyncIterable<Uint8Array>;
}

/** Reads docker-archive and OCI-archive streams, plain, gzip or zstd. @throws invalid */
export declare function readArchive(
  source: AsyncIterable<Uint8Array>,
  spool: Spool,
  signal?: AbortSignal,
): Promise<Archive>;

export interface ArchiveContent {
  /** Undefined when the blob is not there (another platform's): it is left out of the archive. */
  open(descriptor: Descriptor): Promise<AsyncIterable<Uint8Array> | undefined>;
}
/** An OCI layout with docker's manifest.json, as Docker 25 and later save. */
export declare function writeArchive(
  images: readonly ArchiveImage[],
  content: ArchiveContent,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void>;
