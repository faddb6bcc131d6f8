import type { Readable } from 'node:stream';
import type { Assembled, Image, Pushed, RegistryAuth } from '#engine/images';
import type { StringMap } from '#oci/image';

/** How an image of a build is made. */
interface ImageForm {
  /** Names that it gets. */
  readonly names: readonly string[];
  /** Of each image's manifest. */
  readonly annotations: StringMap;
  readonly indexAnnotations: StringMap;
  /** Times in its new layers are not after `SOURCE_DATE_EPOCH`: what is built again is the same to the byte. */
  readonly rewriteTimes: boolean;
}

/** Where a result goes. Whoever takes it decides when enough of it is there. */
type Send = (content: Readable) => Promise<void>;

/** What becomes of what a build results in. None: it stays in the cache. */
export type Output =
  /** An image of this engine. */
  | ({ readonly kind: 'image' } & ImageForm)
  | ({
      readonly kind: 'registry';
      readonly authOf: (reference: string) => Promise<RegistryAuth | undefined>;
    } & ImageForm)
  /** A tar that is an OCI layout, and what `docker load` reads. */
  | ({ readonly kind: 'archive'; readonly send: Send } & ImageForm)
  /** A tar of the file system alone. */
  | { readonly kind: 'tree'; readonly send: Send };

/** What was made. */
export interface BuildResult {
  /** Its documents; none without an output that is an image. */
  readonly assembled: Assembled | undefined;
  /** In this engine. */
  readonly image: Image | undefined;
  readonly pushed: readonly Pushed[];
}
