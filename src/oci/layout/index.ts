// CONTRACT: bodies are being written right now; names and signatures stay.
import type { Digest } from '#oci/digest';
import type { Descriptor, Index } from '#oci/image';

/** The files of a layout, wherever they are. Paths are relative, with slashes. */
export interface LayoutFiles {
  /** Undefined when there is no such file. @throws invalid when it is longer than `maxBytes` */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Undefined when there is no such file. */
  open(path: string): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** `oci-layout`, the marker file, and what it holds. */
export declare const LAYOUT_FILE: string;
export declare const LAYOUT_MARKER: string;
export declare const INDEX_FILE: string;
/** `blobs/sha256/<hex>` */
export declare function blobPath(digest: Digest): string;

/** An OCI image layout (image-layout.md). What comes out of it is verified. */
export declare class Layout {
  /** @throws invalid when it is none */
  static open(files: LayoutFiles): Promise<Layout>;
  readonly index: Index;
  /** A small blob, whole. @throws notFound, invalid */
  read(descriptor: Descriptor): Promise<Uint8Array>;
  blob(descriptor: Descriptor): Promise<AsyncIterable<Uint8Array>>;
}
