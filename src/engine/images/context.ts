import type { KeyedLock } from '#lib/lock';
import type { Logger } from '#lib/log';
import type { Catalog } from './catalog.ts';
import type { Content } from './content.ts';
import type { LayoutIndex } from './layout-index.ts';
import type { Registries } from './registries.ts';

/** Who holds an image: asked before it is removed. Given by the engine's wiring. */
export type ImageUsers = (
  imageId: string,
) => readonly { readonly containerId: string; readonly running: boolean }[];

/** What the verbs work with. */
export interface ImagesContext {
  readonly catalog: Catalog;
  readonly content: Content;
  readonly users: ImageUsers;
  readonly log: Logger;
  readonly registries: Registries;
  /** One download per blob, however many pulls want it. */
  readonly downloads: KeyedLock;
  readonly index: LayoutIndex;
}
