import type { Engine } from '#engine';
import { unavailable } from '#lib/errors';
import { volumeCreateRequest } from '#protocol';
import { volumeInspect } from '../encode/volumes.ts';
import { booleanFilter, pruneSelection } from '../filters/match.ts';
import { VOLUME_FILTERS, volumeFilter } from '../filters/volumes.ts';
import type { Router } from '../router.ts';
import { answerPrune } from '../streams/prune-report.ts';
import { NOT_A_MANAGER } from './swarm.ts';

export function volumeRoutes(router: Router, { volumes, containers }: Engine): void {
  router.get('/volumes', (exchange) => {
    const isUsed = (name: string) => containers.usersOfVolume(name).length > 0;
    const passes = volumeFilter(exchange.query.filters(VOLUME_FILTERS), isUsed);
    const found = volumes.list().filter(passes);
    exchange.json({ Volumes: found.map((volume) => volumeInspect(volume)), Warnings: null });
  });

  router.get('/volumes/{name}', (exchange) => {
    exchange.json(volumeInspect(volumes.get(exchange.param('name'))));
  });

  router.post('/volumes/create', async (exchange) => {
    const { Name, Driver, DriverOpts, Labels, ClusterVolumeSpec } = await exchange.read(volumeCreateRequest);
    if (ClusterVolumeSpec && exchange.since('1.42')) throw unavailable(NOT_A_MANAGER);
    const volume = await volumes.create({
      ...(Name && { name: Name }),
      ...(Driver && { driver: Driver }),
      ...(Labels && { labels: Labels }),
      ...(DriverOpts && { options: DriverOpts }),
    });
    exchange.json(volumeInspect(volume), 201);
  });

  router.put('/volumes/{name}', () => {
    throw unavailable('volume update only valid for cluster volumes, but swarm is unavailable');
  });

  router.delete('/volumes/{name}', async (exchange) => {
    await volumes.remove(exchange.param('name'), { force: exchange.query.flag('force') });
    exchange.empty();
  });

  router.post('/volumes/prune', (exchange) => {
    const filters = exchange.query.filters(['all', 'label', 'label!']);
    // Before 1.42 a prune took named volumes too.
    const all = booleanFilter(filters, 'all') ?? !exchange.since('1.42');
    const { matchesLabels } = pruneSelection(filters);
    return answerPrune(exchange, async (onRemoved) => {
      const selection = { all, ...(matchesLabels && { matchesLabels }) };
      const { removed, reclaimed } = await volumes.prune({ ...selection, onRemoved });
      return { VolumesDeleted: removed.length > 0 ? removed : null, SpaceReclaimed: reclaimed };
    });
  });
}
