import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as packet from 'dns-packet';
import { Cache, CacheBudget } from './cache.ts';

const END = 12 + 'example'.length + 2 + 4;

const message = (ttl: number, data = '192.0.2.1'): Buffer =>
  packet.encode({
    type: 'response',
    questions: [{ type: 'A', name: 'example' }],
    answers: [{ type: 'A', name: 'example', ttl, data }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0x8000 } as packet.OptAnswer],
  });

const negative = (minimum: number): Buffer =>
  packet.encode({
    type: 'response',
    questions: [{ type: 'A', name: 'example' }],
    authorities: [
      {
        type: 'SOA',
        name: 'example',
        ttl: 3600,
        data: { mname: 'a', rname: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
      },
    ],
  });

/** What a test looks at of a message. */
function look(message: Buffer | undefined): { ttl?: number; data?: string; flags?: number } {
  assert.ok(message);
  const { answers = [], additionals = [] } = packet.decode(message);
  const { ttl, data } = answers[0] as { ttl: number; data: string };
  const { flags } = additionals[0] as packet.OptAnswer;
  return { ttl, data, flags };
}

const roomy = () => new Cache(new CacheBudget(1_000_000, 1_000_000));

test('what is kept grows older, and is forgotten in time', () => {
  const cache = roomy();
  cache.put('k', message(100), END, 0);
  // The flags of an OPT record lie where others have their time to live.
  assert.deepEqual(look(cache.get('k', 30_500)), { ttl: 70, data: '192.0.2.1', flags: 0x8000 });
  assert.ok(cache.get('k', 99_999));
  assert.equal(cache.get('k', 100_000), undefined);
  assert.equal(cache.size, 0);
});

test('nothing is kept for ever, and negative answers for less', () => {
  const cache = roomy();
  cache.put('long', message(86_400), END, 0);
  cache.put('none', message(0), END, 0);
  cache.put('negative', negative(86_400), END, 0);
  assert.ok(cache.get('long', 299_000));
  assert.equal(cache.get('long', 300_000), undefined);
  assert.equal(cache.get('none', 0), undefined);
  assert.ok(cache.get('negative', 29_000));
  assert.equal(cache.get('negative', 30_000), undefined);
});

test('garbage is not kept', () => {
  const cache = roomy();
  cache.put('k', message(100).subarray(0, 40), END, 0);
  assert.equal(cache.size, 0);
});

test('the least used go first; nobody takes the room of others', () => {
  const budget = new CacheBudget(4_000, 2_000);
  const [one, other] = [new Cache(budget), new Cache(budget)];
  other.put('mine', message(100), END, 0);
  for (let index = 0; index < 100; index++) {
    one.put(`k${index}`, message(100), END, 0);
    one.get('k0', 0);
  }
  assert.ok(one.get('k0', 0) && one.get('k99', 0));
  assert.equal(one.get('k1', 0), undefined);
  assert.ok(other.get('mine', 0));
  assert.ok(budget.used <= 4_000 && one.size >= 3);
  one.prune(100_000);
  other.clear();
  assert.deepEqual([one.size, budget.used], [0, 0]);
});

test('another answer takes the place of the first', () => {
  const budget = new CacheBudget(100_000, 100_000);
  const cache = new Cache(budget);
  cache.put('k', message(100), END, 0);
  const used = budget.used;
  cache.put('k', message(100, '192.0.2.2'), END, 0);
  assert.equal(budget.used, used);
  assert.equal(look(cache.get('k', 0)).data, '192.0.2.2');
});
