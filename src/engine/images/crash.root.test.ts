import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openFixture } from './images.fixture.ts';

const script = fileURLToPath(new URL('./crash.fixture.ts', import.meta.url));

const DELAYS = [40, 120, 250, 400, 700, 1100];

test('whatever the moment of a kill -9, what was acknowledged is there and nothing else is left', async (context) => {
  let fixture = await openFixture(context);
  const { home } = fixture;
  const expected = new Set<string>();
  for (const [run, delay] of DELAYS.entries()) {
    await fixture.close();
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', script, home, String(run)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const lines = createInterface(child.stdout);
    const undecided = new Set<string>();
    const note = (line: string) => {
      const name = line.slice(1);
      if (line.startsWith('+')) expected.add(name);
      else if (line.startsWith('?')) undecided.add(name);
      else if (line.startsWith('-')) expected.delete(name);
      if (line.startsWith('-')) undecided.delete(name);
    };
    lines.on('line', note);
    await once(lines, 'line');
    await sleep(delay);
    // On a slow machine the last one goes on until there is something that can be lost.
    while (run === DELAYS.length - 1 && expected.size === 0) await once(lines, 'line');
    child.kill('SIGKILL');
    await once(lines, 'close');

    fixture = await fixture.reopen();
    const { images, snapshots, blobs } = fixture;
    const tags = new Set(images.list().flatMap((image) => image.tags));
    for (const name of expected) assert.ok(tags.has(name) || undecided.has(name), `${name} was lost`);
    for (const name of undecided) if (!tags.has(name)) expected.delete(name);
    // The kill may have come between the work and the word of it.
    for (const name of tags) expected.add(name);
    await images.close();
    const needed = new Set<string>();
    const layers = new Set<string>();
    for (const { id, manifest, layers: own } of images.list()) {
      needed.add(id).add(manifest?.digest ?? '');
      for (const { chainId, diffId } of own) {
        layers.add(chainId);
        needed.add(diffId);
        assert.ok(snapshots.hasLayer(chainId), `${chainId} is not unpacked`);
      }
    }
    const here = (await Array.fromAsync(blobs.list())).map(({ digest }) => digest);
    assert.deepEqual(here.sort(), [...needed].sort());
    assert.deepEqual((await snapshots.layers()).sort(), [...layers].sort());
    assert.equal((await fixture.leftOvers()).temporary, 0);
    for (const chainId of layers) {
      const file = join(home, 'data/layers', chainId.slice(7), 'layer.json');
      assert.ok((JSON.parse(readFileSync(file, 'utf8')) as { size: number }).size > 0);
    }
  }
  assert.ok(expected.size > 0);
});
