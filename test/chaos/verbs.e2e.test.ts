import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';
import { dockerArchive, noise } from './archives.ts';
import { Random } from './random.ts';
import { Rounds } from './rounds.ts';
import { containerVerbs } from './verbs/containers.ts';
import { imageVerbs } from './verbs/images.ts';
import { resourceVerbs } from './verbs/resources.ts';
import { World } from './verbs/world.ts';
import { Witness } from './witness.ts';

/*
 * The long form: `BERTH_CHAOS_SECONDS=3600 node --test test/chaos/verbs.e2e.test.ts`. `BERTH_CHAOS_SEED=n` repeats
 * draws, `BERTH_CHAOS_VERBS=stop,rm` takes only some verbs, and with `BERTH_CHAOS_CALLS=100` the daemon is killed at
 * one of the first 100 system calls that change something (needs strace).
 */
const SECONDS = Number(process.env['BERTH_CHAOS_SECONDS'] ?? 25);
const WANTED = process.env['BERTH_CHAOS_VERBS']?.split(',');
const COMPANIONS = 2;

const verbs = new Map(
  Object.entries({ ...containerVerbs, ...imageVerbs, ...resourceVerbs }).filter(
    ([name]) => WANTED?.includes(name) ?? true,
  ),
);

test('killed at any moment of any verb: nothing acknowledged is lost, nothing is left', async (context) => {
  const random = Random.fromEnvironment();
  context.diagnostic(`BERTH_CHAOS_SEED=${random.seed} repeats these draws`);
  await using registry = await Registry.start();
  await using daemon = await Daemon.start();
  await daemon.importBusybox();
  const world = new World({ daemon, random, sources: await fill(registry, daemon) });
  const witness = await Witness.start(world);
  const rounds = new Rounds(verbs, world, witness);
  const deadline = performance.now() + SECONDS * 1000;
  let names = random.shuffled([...verbs.keys()]);
  while (performance.now() < deadline) {
    const target = names.shift();
    if (target === undefined) names = random.shuffled([...verbs.keys()]);
    else
      await rounds.play([
        target,
        ...random.shuffled([...verbs.keys()]).slice(0, random.below(COMPANIONS + 1)),
      ]);
  }
  await witness.logsAll();
  context.diagnostic(`${rounds.played} rounds, ${rounds.cut} verbs cut off`);
});

async function fill(registry: Registry, daemon: Daemon): Promise<string[]> {
  const shared = { shared: noise(400_000) };
  const names = ['one:latest', 'two:latest'];
  for (const name of names) {
    const file = join(daemon.root, 'archive.tar');
    writeFileSync(file, await dockerArchive(name, [shared, { own: noise(600_000) }, { name }]));
    await registry.fill(`docker-archive:${file}`, name);
  }
  return names.map((name) => `${registry.host}/${name}`);
}
