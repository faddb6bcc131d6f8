import { openSnapshots } from '#engine/snapshots';
import { silentLogger } from '#lib/log';
import { snapshotConformance } from './conformance.ts';

snapshotConformance('overlay2', (root) => openSnapshots({ root, log: silentLogger }));
