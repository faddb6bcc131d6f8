import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';
import { dockerArchive, noise } from './archives.ts';
import { expectTidy } from './leftovers.ts';
import { drawMoment } from './moment.ts';
import { Random } from './random.ts';
import { containerVerbs } from './verbs/containers.ts';
import { imageVerbs } from './verbs/images.ts';
import { resourceVerbs } from './verbs/resources.ts';
import { Gone, type Trial, type Verb, World } from './verbs/world.ts';
import { Witness } from './witness.ts';

/** `BERTH_CHAOS_SECONDS=3600` for the long form; `BERTH_CHAOS_VERBS=stop,rm` for some of them. */
const SECONDS = Number(process.env['BERTH_CHAOS_SECONDS'] ?? 40);
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
  const rounds = new Rounds(world, witness);
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

interface Attempt {
  readonly verb: string;
  readonly trial: Trial;
}

class Rounds {
  readonly #world: World;
  readonly #witness: Witness;
  /** Milliseconds that a verb takes. */
  readonly #usual = new Map<string, number>();
  played = 0;
  /** Verbs that were not acknowledged. */
  cut = 0;

  constructor(world: World, witness: Witness) {
    this.#world = world;
    this.#witness = witness;
  }

  /** The first verb says when to kill, the others happen beside it. */
  async play(names: readonly string[]): Promise<void> {
    const { daemon, random } = this.#world;
    const moment = drawMoment(random, daemon, this.#usual.get(names[0] ?? '') ?? 60);
    this.played++;
    try {
      const attempts: Attempt[] = [];
      for (const verb of names) attempts.push({ verb, trial: await this.#prepare(verb) });
      await moment.prepare?.();
      const acknowledged = await this.#killDuring(attempts, moment);
      this.cut += acknowledged.filter((answered) => !answered).length;
      await this.#settle(attempts, acknowledged);
    } catch (error) {
      const log = daemon.log.split('\n').slice(-15).join('\n');
      throw new Error(`round ${this.played}: ${names.join(' + ')}, killed ${moment.describe}\n${log}`, {
        cause: error,
      });
    }
  }

  async #prepare(name: string): Promise<Trial> {
    const verb: Verb | undefined = verbs.get(name);
    assert.ok(verb, name);
    return verb(this.#world);
  }

  async #killDuring(attempts: readonly Attempt[], moment: ReturnType<typeof drawMoment>): Promise<boolean[]> {
    const { daemon } = this.#world;
    let death: Promise<unknown> | undefined;
    const kill = () => {
      death ??= daemon.kill9();
    };
    const acts = attempts.map(({ verb, trial }) => this.#timed(verb, trial));
    const results = acts.map((act) =>
      act.then(
        () => true,
        (error: unknown) => {
          if (error instanceof Gone) return false;
          throw error;
        },
      ),
    );
    using _ = moment.arm(kill, acts[0] ?? Promise.resolve());
    const acknowledged = await Promise.all(results);
    kill();
    await death;
    return acknowledged;
  }

  async #timed(verb: string, trial: Trial): Promise<void> {
    const started = performance.now();
    const note = () => this.#usual.set(verb, performance.now() - started);
    try {
      await trial.act();
      note();
    } catch (error) {
      // It takes longer than the last time, then.
      if (performance.now() - started > (this.#usual.get(verb) ?? 0)) note();
      throw error;
    }
  }

  async #settle(attempts: readonly Attempt[], acknowledged: readonly boolean[]): Promise<void> {
    const { daemon, random } = this.#world;
    await this.#witness.serves();
    if (random.chance(0.25)) await this.#killStarting();
    await daemon.start();
    for (const [index, { verb, trial }] of attempts.entries()) {
      const answered = acknowledged[index] ?? false;
      await trial.check(answered).catch((error: unknown) => {
        throw new Error(`${verb} (${answered ? '' : 'not '}acknowledged)`, { cause: error });
      });
    }
    await this.#witness.goesOn();
    await expectTidy(daemon);
    await this.#clear();
    await expectTidy(daemon);
  }

  /** A daemon that is to settle all this, and does not come to its end either. */
  async #killStarting(): Promise<void> {
    const { daemon, random } = this.#world;
    const starting = daemon.start().catch(() => {});
    await sleep(100 + random.below(300));
    await daemon.kill9();
    await starting;
  }

  /** All but the witness and its image. */
  async #clear(): Promise<void> {
    const { daemon } = this.#world;
    const lines = async (...args: string[]) => (await daemon.ok(...args)).split('\n').filter(Boolean);
    const containers = (await lines('ps', '-aq', '--no-trunc')).filter((id) => id !== this.#witness.id);
    if (containers.length > 0) await daemon.ok('rm', '-f', '-v', ...containers);
    const volumes = await lines('volume', 'ls', '-q');
    if (volumes.length > 0) await daemon.ok('volume', 'rm', ...volumes);
    const networks = await lines('network', 'ls', '-q', '-f', 'type=custom');
    if (networks.length > 0) await daemon.ok('network', 'rm', ...networks);
    const images = (await lines('image', 'ls', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}'))
      .filter((line) => !line.startsWith('busybox:'))
      .map((line) => (line.startsWith('<none>') ? line.split(' ')[1] : line.split(' ')[0]) ?? '');
    if (images.length > 0) await daemon.ok('rmi', '-f', ...new Set(images));
  }
}
