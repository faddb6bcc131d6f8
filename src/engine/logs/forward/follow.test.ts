import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { render } from '../log-file.fixture.ts';
import { undeliveredFiles, withinBudget } from '../undelivered.ts';
import { LogFollower } from './follow.ts';
import type { Outgoing, Resume } from './messages.ts';
import { PositionFile } from './position.ts';

const TIME = 1_795_305_240_000_000_000n;
const never = new AbortController().signal;
const ENDED = AbortSignal.abort();
let root = '';
let path = '';
let gaps = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-follow-'));
  path = join(root, 'container.log');
  gaps = 0;
});
afterEach(() => rm(root, { recursive: true }));

/** `line n`, in one record or two, on the stream of its number's parity. Several share an instant, as conmon's do. */
const record = (n: number) =>
  render({
    stream: n % 2 ? 'stdout' : 'stderr',
    time: TIME + BigInt(Math.floor(n / 4)) * 1_000_000n,
    text: `line ${n}`,
    pieces: n % 3 === 0 ? 2 : 1,
  }).join('');
const records = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => record(from + i)).join('');
const expected = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}`);

const follower = (from?: Resume) => new LogFollower({ path, container: 'id', from, onGap: () => gaps++ });

async function read(from?: Resume): Promise<Outgoing[]> {
  return (await Array.fromAsync(follower(from).batches(ENDED, never))).flat();
}
const texts = (messages: readonly Outgoing[]) => messages.map(({ line }) => line.toString());

test('every message is a place to go on from, also over rotated files', async () => {
  await writeFile(`${path}.2`, records(0, 10));
  await writeFile(`${path}.1`, records(10, 20));
  await writeFile(path, records(20, 30));
  const all = await read();
  assert.deepEqual(texts(all), expected(0, 30));
  for (const [i, { resume }] of all.entries())
    assert.deepEqual(texts(await read(resume)), expected(i + 1, 30));
});

test('a file that was renamed since is found, one that is gone is passed over by its time', async () => {
  await writeFile(path, records(0, 12));
  const last = (await read()).at(-1)?.resume;
  assert.ok(last);
  await rename(path, `${path}.1`);
  await writeFile(path, records(12, 20));
  assert.deepEqual(texts(await read(last)), expected(12, 20));

  await writeFile(`${path}.1.gz`, gzipSync(await readFile(`${path}.1`)));
  await rm(`${path}.1`);
  assert.deepEqual(texts(await read(last)), expected(12, 20));
});

test('a position that makes no sense any more loses nothing', async () => {
  await writeFile(path, records(0, 5));
  const last = (await read()).at(-1)?.resume;
  assert.ok(last);
  // Another file that happens to have the number of the old one: none of its records ends there.
  const odd = { ...last.stdout, offset: 7, time: TIME - 1n };
  assert.deepEqual(texts(await read({ stdout: odd, stderr: odd })), expected(0, 5));
});

test('it goes on while lines are written and files are rotated, until the container has ended', async () => {
  await writeFile(path, records(0, 3));
  const ended = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const batch of follower().batches(ended.signal, never)) seen.push(...texts(batch));
  })();
  for (let round = 1; round < 6; round++) {
    await appendFile(path, records(round * 10 - 7, round * 10));
    await rename(path, `${path}.${6 - round}`);
    await writeFile(path, records(round * 10, round * 10 + 3));
  }
  await appendFile(
    path,
    render({ stream: 'stdout', time: TIME, text: 'un' })[0]?.replace(' F ', ' P ') ?? '',
  );
  ended.abort();
  await following;
  assert.deepEqual(seen, [...expected(0, 53), 'un']);
  assert.equal(gaps, 0);
});

test('a log that is cut down in place begins again', async () => {
  await writeFile(path, records(0, 6));
  const ended = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const batch of follower().batches(ended.signal, never)) {
      seen.push(...texts(batch));
      if (seen.length === 6) {
        await truncate(path);
        setTimeout(() => void appendFile(path, records(6, 8)).then(() => ended.abort()), 1_100);
      }
    }
  })();
  await following;
  assert.deepEqual(seen, expected(0, 8));
});

test('files that went missing while it read are noticed', async () => {
  await writeFile(path, records(0, 4));
  const ended = new AbortController();
  const seen: string[] = [];
  for await (const batch of follower().batches(ended.signal, never)) {
    seen.push(...texts(batch));
    if (seen.length > 4) break;
    await rm(path);
    await writeFile(path, records(20, 24));
    ended.abort();
  }
  assert.deepEqual(seen, [...expected(0, 4), ...expected(20, 24)]);
  assert.equal(gaps, 1);
});

test('the position survives, and damage of it is no position', async () => {
  const point = { inode: 2n ** 60n, offset: 12, time: TIME, piece: { id: 'a'.repeat(64), ordinal: 99 } };
  const resume = { stdout: point, stderr: { inode: 1n, offset: 0, time: 0n } };
  {
    using file = new PositionFile(join(root, 'position'));
    assert.equal(file.read(), undefined);
    file.write({ stdout: point, stderr: point });
    file.write(resume);
    assert.deepEqual(file.read(), resume);
  }
  using again = new PositionFile(join(root, 'position'));
  assert.deepEqual(again.read(), resume);
  assert.equal((await readFile(join(root, 'position'))).length, 512);
  await truncate(join(root, 'position'), 100);
  assert.equal(again.read(), undefined);
});

test('what is to be delivered: the file where delivery stands and all younger ones, within a budget', async () => {
  for (const [name, from] of [
    ['.3', 0],
    ['.2', 10],
    ['.1', 20],
    ['', 30],
  ] as const)
    await writeFile(path + name, records(from, from + 10));
  const files = [0, 1, 2, 3].map((age) => ({ path: age ? `${path}.${age}` : path, age, compressed: false }));
  const [, , , , , , , , , , , , inSecond] = await read();
  const pending = await undeliveredFiles(files, { resume: inSecond?.resume });
  assert.deepEqual(
    pending.map(({ age }) => age),
    [0, 1, 2],
  );
  assert.equal((await undeliveredFiles(files, { resume: undefined })).length, 4);
  const size = records(30, 40).length + records(20, 30).length;
  const kept = await withinBudget(pending, size);
  assert.deepEqual(
    kept.map(({ age }) => age),
    [0, 1],
  );
});
