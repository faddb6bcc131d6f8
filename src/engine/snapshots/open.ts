import type { Logger } from '#lib/log';
import type { MountMappings } from '#linux/namespaces';
import { OverlaySnapshots } from './overlay.ts';
import type { Snapshots } from './snapshots.ts';

/** Opens the driver for a data root. `root` is made when it is missing; only one process may use it. */
export function openSnapshots(options: {
  root: string;
  log: Logger;
  mappings: MountMappings;
}): Promise<Snapshots> {
  return OverlaySnapshots.open(options);
}
