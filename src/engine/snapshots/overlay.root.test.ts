import { openSnapshots } from '#engine/snapshots';
import { silentLogger } from '#lib/log';
import { MountMappings } from '#linux/namespaces';
import { snapshotConformance } from './conformance.ts';

for (const layerForm of ['directory', 'erofs'] as const) {
  snapshotConformance(`overlay2, layers as ${layerForm}`, (root) =>
    openSnapshots({ root, log: silentLogger, mappings: new MountMappings(), layerForm }),
  );
}
