import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bench } from './runtimes.fixture.ts';

const ROUNDS = 8;

test('a daemon that is killed at any moment leaves nothing that the next one cannot remove', async () => {
  const bench = new Bench();
  for (let round = 0; round < ROUNDS; round++) {
    const daemon = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        join(import.meta.dirname, 'busy-daemon.fixture.ts'),
        bench.top,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(daemon.stdout, 'data');
    await sleep(5 + Math.random() * 60);
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    await bench.open();
    for (const id of bench.runtimes.bundles()) {
      const { state } = bench.runtimes.adopt(id, undefined);
      assert.ok(['created', 'running', 'exited', 'gone'].includes(state));
      if (state === 'created') await bench.runtimes.start(id);
      await bench.runtimes.delete(id);
    }
    if (round < ROUNDS - 1) await bench.runtimes.close();
  }
  assert.deepEqual(await bench.close(), []);
});
