import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusLog } from './status-log.ts';

const namesOf = (log: StatusLog) =>
  Array.fromAsync(
    log.read(new AbortController().signal),
    ({ vertexes, logs }) => vertexes?.[0]?.name ?? logs?.length,
  );

test('whoever comes, and whenever, is told all of it', async () => {
  const log = new StatusLog();
  const early = namesOf(log);
  log.write({ vertexes: [{ name: 'a' }] });
  const between = namesOf(log);
  log.write({ vertexes: [{ name: 'b' }] });
  log.end();
  for (const told of [early, between, namesOf(log)]) assert.deepEqual(await told, ['a', 'b']);
});

test('of a long output the end is kept, and all else', async () => {
  const log = new StatusLog();
  log.write({ vertexes: [{ name: 'a' }] });
  for (let i = 0; i < 40; i++) log.write({ logs: [{ msg: Buffer.alloc(2 ** 18) }] });
  log.write({ vertexes: [{ name: 'b' }] });
  log.end();
  const told = await namesOf(log);
  assert.deepEqual([told.at(0), told.length, told.at(-1)], ['a', 18, 'b']);
});

test('who stops looking waits for nothing', async () => {
  const log = new StatusLog();
  const gone = new AbortController();
  const told = Array.fromAsync(log.read(gone.signal));
  gone.abort();
  assert.deepEqual(await told, []);
});
