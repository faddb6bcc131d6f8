import { invalid, notFound } from '#lib/errors';
import { verified, verifyContent } from '#oci/digest';
import { type Descriptor, type Index, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES } from '#oci/image';
import { blobPath, checkMarker, INDEX_FILE, LAYOUT_FILE, parseLayoutIndex } from './files.ts';

/** The files of a layout, wherever they are. Paths are relative, with slashes. */
export interface LayoutFiles {
  /** Undefined when there is no such file. @throws invalid when it is longer than `maxBytes` */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Undefined when there is no such file. */
  open(path: string): Promise<AsyncIterable<Uint8Array> | undefined>;
}

/** An OCI image layout (image-layout.md). What comes out of it is verified. */
export class Layout {
  readonly index: Index;
  readonly #files: LayoutFiles;

  private constructor(files: LayoutFiles, index: Index) {
    this.#files = files;
    this.index = index;
  }

  /** @throws invalid when it is none */
  static async open(files: LayoutFiles): Promise<Layout> {
    const marker = await files.read(LAYOUT_FILE, 4096);
    if (marker === undefined) throw invalid(`this is no OCI image layout: it has no file ${LAYOUT_FILE}`);
    checkMarker(marker);
    const index = await files.read(INDEX_FILE, MAX_MANIFEST_BYTES);
    if (index === undefined) throw invalid(`this OCI image layout has no ${INDEX_FILE}`);
    return new Layout(files, parseLayoutIndex(index));
  }

  /** A manifest, index or config, whole. @throws notFound; invalid when it is not what the descriptor says */
  async read(descriptor: Descriptor): Promise<Uint8Array> {
    const limit = Math.max(MAX_MANIFEST_BYTES, MAX_CONFIG_BYTES);
    const content = await this.#files.read(blobPath(descriptor.digest), limit);
    if (content === undefined) throw missing(descriptor);
    verifyContent(content, descriptor);
    return content;
  }

  /** @throws notFound; the stream fails when the content is not what the descriptor says */
  async blob(descriptor: Descriptor): Promise<AsyncIterable<Uint8Array>> {
    const content = await this.#files.open(blobPath(descriptor.digest));
    if (content === undefined) throw missing(descriptor);
    return verified(content, descriptor);
  }
}

const missing = ({ digest }: Descriptor) => notFound(`the OCI image layout has no content ${digest}`);
