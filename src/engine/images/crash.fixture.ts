// A process that loads, tags and removes images until it is killed, and says what was acknowledged.
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Events } from '#engine/events';
import { openSnapshots } from '#engine/snapshots';
import { silentLogger } from '#lib/log';
import { Timer } from '#lib/metrics';
import { MountMappings } from '#linux/namespaces';
import { BlobStore, Database } from '#store';
import { dockerArchive, layerOf } from './images.fixture.ts';
import { Images } from './images.ts';
import { DEFAULT_REGISTRIES } from './registries.ts';

const [home = '', run = ''] = process.argv.slice(2);
const database = Database.open(join(home, 'data/berth.db'));
const images = await Images.open({
  database,
  blobs: await BlobStore.open(join(home, 'data/content')),
  snapshots: await openSnapshots({
    root: join(home, 'data'),
    log: silentLogger,
    mappings: new MountMappings(),
  }),
  events: new Events(database),
  log: silentLogger,
  users: () => [],
  registries: DEFAULT_REGISTRIES,
  actions: new Timer('action', []),
});
const say = (line: string) => process.stdout.write(`${line}\n`);
const shared = layerOf('shared', 's'.repeat(500_000));
say('begin');
for (let n = 0; ; n++) {
  const name = `crash:${run}.${n}`;
  const layers = [shared, layerOf('own', `${run}.${n}`.repeat(50_000))];
  await images.load(Readable.from([dockerArchive([{ tags: [name], layers }])]), {});
  say(`+${name}`);
  images.tag(name, `alias:${run}.${n}`);
  say(`+alias:${run}.${n}`);
  if (n % 2 === 1) {
    say(`?${name}`);
    await images.remove(name, {});
    say(`-${name}`);
  }
}
