import type { KeyedLock } from '#lib/lock';
import type { Logger } from '#lib/log';
import type { Storage } from '../storage/index.ts';
import type { Catalogue } from './catalogue.ts';
import type { InUse } from './in-use.ts';
import type { Quotas } from './quotas.ts';

/** What the parts of a registry share. */
export interface Core {
  readonly storage: Storage;
  readonly catalogue: Catalogue;
  readonly inUse: InUse;
  readonly quotas: Quotas;
  /** By repository: of those who change its tags and manifests. */
  readonly locks: KeyedLock;
  readonly log: Logger;
  /** Something that the layout's index shows has changed. */
  changed(): void;
}
