/** Layers and root file systems on disk, behind one interface whatever the driver. */
export { DirectorySource } from './directory-source.ts';
export { DirectoryTarget } from './directory-target.ts';
export { openSnapshots } from './open.ts';
export type { SnapshotsOptions } from './overlay.ts';
export type {
  Change,
  Conversion,
  HeldRoot,
  LayerForm,
  LayerSource,
  PackedChanges,
  ReceivedLayer,
  Snapshots,
  StoredLayer,
  UnpackOptions,
  Usage,
} from './snapshots.ts';
