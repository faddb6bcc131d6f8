import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Events } from '#engine/events';
import { nowNano } from '#lib/time';
import { Database } from '#store';

const never = new AbortController().signal;

async function take(stream: AsyncIterable<{ action: string }>, count: number): Promise<string[]> {
  const actions: string[] = [];
  for await (const { action } of stream) {
    actions.push(action);
    if (actions.length === count) break;
  }
  return actions;
}

test('live events arrive in order, the past only when asked for', async () => {
  using database = Database.open(':memory:');
  const events = new Events(database);
  events.publish('container', 'create', 'c1', { name: 'web' });
  const live = events.subscribe({}, never);
  const all = events.subscribe({ since: 0n }, never);
  events.publish('container', 'start', 'c1', {});
  events.publish('container', 'die', 'c1', { exitCode: '0' });
  assert.deepEqual(await take(live, 2), ['start', 'die']);
  assert.deepEqual(await take(all, 3), ['create', 'start', 'die']);
});

test('history survives a restart and is bounded', async () => {
  using database = Database.open(':memory:');
  const before = new Events(database);
  for (let n = 0; n < 1010; n++) before.publish('image', `pull ${n}`, 'x', {});
  const past = new Events(database).subscribe({ since: 0n, until: nowNano() }, never);
  const seen = await Array.fromAsync(past);
  assert.equal(seen.length, 1000);
  assert.equal(seen[0]?.action, 'pull 10');
  assert.equal(typeof seen[0]?.time, 'bigint');
});

test('since and until cut the history, matches filters it', async () => {
  using database = Database.open(':memory:');
  const events = new Events(database);
  const times: bigint[] = [];
  for (const action of ['a', 'b', 'c', 'd']) {
    events.publish('volume', action, 'v', {});
    times.push(nowNano());
  }
  const [afterA, , afterC] = times;
  assert.ok(afterA && afterC);
  const middle = events.subscribe({ since: afterA, until: afterC }, never);
  assert.deepEqual(await take(middle, 9), ['b', 'c']);
  const matched = events.subscribe({ until: nowNano(), matches: ({ action }) => action > 'b' }, never);
  assert.deepEqual(await take(matched, 9), ['c', 'd']);
});

test('a stream ends at its instant and when the reader leaves', async () => {
  using database = Database.open(':memory:');
  const events = new Events(database);
  const soon = events.subscribe({ until: nowNano() + 30_000_000n }, never);
  events.publish('network', 'connect', 'n', {});
  assert.deepEqual(await take(soon, 9), ['connect']);

  const controller = new AbortController();
  const aborted = take(events.subscribe({}, controller.signal), 1);
  controller.abort();
  assert.deepEqual(await aborted, []);
  assert.deepEqual(await take(events.subscribe({ since: 0n }, controller.signal), 1), []);
});

test('what is rolled back is neither stored nor told', async () => {
  using database = Database.open(':memory:');
  const events = new Events(database);
  const live = events.subscribe({}, never);
  assert.throws(() =>
    database.transaction(() => {
      events.publish('image', 'tag', 'x', {});
      throw new Error('no');
    }),
  );
  database.transaction(() => events.publish('image', 'pull', 'x', {}));
  assert.deepEqual(await take(live, 1), ['pull']);
  assert.deepEqual(await take(events.subscribe({ since: 0n, until: nowNano() }, never), 9), ['pull']);
});

test('a slow reader loses the oldest and holds nobody up', async () => {
  using database = Database.open(':memory:');
  const events = new Events(database);
  const slow = events.subscribe({}, never);
  database.transaction(() => {
    for (let n = 0; n < 3000; n++) events.publish('image', `${n}`, 'x', {});
  });
  const [first] = await take(slow, 2048);
  assert.equal(first, '952');
});

test('closing ends every subscription, after what it has got', async () => {
  using database = Database.open(':memory:');
  const events = new Events(database);
  const readers = [{}, { until: nowNano() + 3_600_000_000_000n }].map((query) =>
    events.subscribe(query, never),
  );
  events.publish('container', 'die', 'c1', {});
  events.close();
  for (const reader of readers) {
    assert.deepEqual(
      (await Array.fromAsync(reader)).map(({ action }) => action),
      ['die'],
    );
  }
});
