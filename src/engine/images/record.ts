import type { Digest } from '#oci/digest';
import type { Descriptor, ImageConfig } from '#oci/image';

/** What is stored of an image, under its id: the digest of its config. Nothing of it changes but what says so. */
export interface ImageRecord {
  readonly id: Digest;
  /** The manifest it came with, or that was made for it. The latest, when the same image came with several. */
  readonly manifest: Descriptor;
  /** The config blob's content. */
  readonly config: ImageConfig;
  /** Bottom first. */
  readonly layers: readonly LayerRecord[];
  /**
   * False: it only came along as another platform of an index, and goes when the index goes. True: somebody
   * asked for it, and it stays when its name moves on. May turn true.
   */
  readonly listed: boolean;
  /** RFC 3339. Mutable. */
  readonly lastTagged?: string;
  /** Id of the image that it was committed or built from. */
  readonly parent?: string;
}

export interface LayerRecord {
  readonly diffId: Digest;
  readonly chainId: Digest;
  /** The stored layer. */
  readonly blob: Descriptor;
  /** Bytes unpacked; absent until it has been. Mutable. */
  readonly size?: number;
}

/** What a tag or a digest reference stands for, stored under its canonical name. Replaced as a whole. */
export interface NameRecord {
  /** A manifest or an index. */
  readonly target: Descriptor;
  /** The image that is meant when nobody names a platform. */
  readonly image: string;
  /** All images of the target that are here. */
  readonly images: readonly string[];
  /** Every blob of the target that is here, itself included. */
  readonly content: readonly Digest[];
}
