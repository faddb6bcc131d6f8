import { openSnapshots } from '#engine/snapshots';
import { silentLogger } from '#lib/log';
import { MountMappings } from '#linux/namespaces';
import { snapshotConformance } from './conformance.ts';

snapshotConformance('overlay2', (root) =>
  openSnapshots({ root, log: silentLogger, mappings: new MountMappings() }),
);
