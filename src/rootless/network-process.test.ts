import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { NetworkProcess } from './network-process.ts';

/** Processes by their number: 1, 2, ... */
class World {
  readonly #ends: (() => void)[] = [];
  readonly killed: number[] = [];
  /** Starts wait for it. */
  gate = Promise.resolve();
  asked = 0;
  started = 0;
  restarts = 0;

  start(retry = 0): Promise<NetworkProcess> {
    return NetworkProcess.start({
      start: async () => {
        this.asked++;
        await this.gate;
        return ++this.started;
      },
      ended: (pid) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#ends[pid] = resolve;
        return promise;
      },
      kill: (pid) => {
        this.killed.push(pid);
        this.end(pid);
      },
      retry,
      onRestart: () => this.restarts++,
    });
  }

  end(pid: number): void {
    this.#ends[pid]?.();
  }

  async until(check: () => boolean): Promise<void> {
    while (!check()) await turn();
  }
}

test('it is started again when it has ended, and not when it was ended', async () => {
  const world = new World();
  const network = await world.start();
  const kept = network.keep();
  world.end(1);
  await world.until(() => world.started === 2);
  await turn();
  await network.end();
  await kept;
  assert.deepEqual([world.started, world.killed], [2, [2]]);
});

test('the end in the time between two of them: there is no second one', async () => {
  const world = new World();
  const network = await world.start(60_000);
  const kept = network.keep();
  world.end(1);
  await world.until(() => world.restarts === 1);
  await network.end();
  await kept;
  assert.equal(world.asked, 1);
});

test('the end while the next one is being started: that one ends too', async () => {
  const world = new World();
  const network = await world.start();
  const kept = network.keep();
  const gate = Promise.withResolvers<void>();
  world.gate = gate.promise;
  world.end(1);
  await world.until(() => world.asked === 2);
  const ending = network.end();
  gate.resolve();
  await ending;
  assert.deepEqual(world.killed, [2]);
  await kept;
  assert.equal(world.asked, 2);
});

test('one that cannot be started is tried again', async () => {
  const world = new World();
  const network = await world.start();
  const kept = network.keep();
  world.gate = Promise.reject(new Error('no memory'));
  world.gate.catch(() => {});
  world.end(1);
  await world.until(() => world.asked === 3);
  world.gate = Promise.resolve();
  await world.until(() => world.started === 2);
  await network.end();
  world.end(2);
  await kept;
  assert.equal(world.started, 2);
});
