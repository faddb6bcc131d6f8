import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Engine } from 'berth';
import { importBusybox, Roots } from './engine.fixture.ts';

/** README.md's example, line by line. */
async function example(dataRoot: string, execRoot: string, console: { log(...words: unknown[]): void }) {
  await using engine = await Engine.open({ dataRoot, execRoot });
  const { id } = await engine.containers.create({
    config: { image: 'busybox', cmd: ['echo', 'hello'] },
    hostConfig: { resources: { memory: 64 * 2 ** 20 } },
  });
  const ended = engine.containers.wait(id, 'next-exit');
  await engine.containers.start(id);
  const { exitCode } = await ended;
  const { entries } = engine.containers.logs(id, { stdout: true, stderr: true });
  for await (const { stream, line } of entries) console.log(stream, line.toString(), exitCode);
  await engine.containers.remove(id);
}

test("README.md's example does what it says", async () => {
  using roots = new Roots();
  {
    await using engine = await roots.open();
    await importBusybox(engine);
  }
  const said: unknown[] = [];
  await example(roots.dataRoot, roots.execRoot, { log: (...words) => said.push(...words) });
  assert.deepEqual(said, ['stdout', 'hello\n', 0]);
});

test('README.md shows that example', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const shown = /```ts\n([^]*?)```/.exec(readme)?.[1]?.trim().split('\n') ?? [];
  const lines = example.toString().split('\n').slice(1, -1);
  assert.deepEqual(
    shown.slice(-lines.length),
    lines.map((line) => line.replace(/^ {2}/, '')),
  );
});
