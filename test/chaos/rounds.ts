import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectTidy } from './leftovers.ts';
import { drawMoment } from './moment.ts';
import { Gone, type Trial, type Verb, type World } from './verbs/world.ts';
import type { Witness } from './witness.ts';

interface Attempt {
  readonly verb: string;
  readonly trial: Trial;
}

/** One kill -9 after the other, each in the middle of something. */
export class Rounds {
  readonly #verbs: ReadonlyMap<string, Verb>;
  readonly #world: World;
  readonly #witness: Witness;
  /** Milliseconds that a verb takes. */
  readonly #usual = new Map<string, number>();
  played = 0;
  /** Verbs that were not acknowledged. */
  cut = 0;

  constructor(verbs: ReadonlyMap<string, Verb>, world: World, witness: Witness) {
    this.#verbs = verbs;
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
    const verb = this.#verbs.get(name);
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
    // It had not even been spawned.
    await daemon.kill9();
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
