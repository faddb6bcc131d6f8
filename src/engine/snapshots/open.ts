import { OverlaySnapshots, type SnapshotsOptions } from './overlay.ts';
import type { Snapshots } from './snapshots.ts';

/** Opens the driver for a data root. */
export const openSnapshots = (options: SnapshotsOptions): Promise<Snapshots> =>
  OverlaySnapshots.open(options);
