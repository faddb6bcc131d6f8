import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { superfluousIn } from './collect.ts';
import type { CacheEntry } from './usage.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');

const entry = (age: number, size: number, shared: boolean): CacheEntry => ({
  id: `${age}`,
  keys: [],
  description: '',
  created: '',
  lastUsed: new Date(NOW - age).toISOString(),
  useCount: 0,
  size,
  shared,
});

test('the oldest go until the rest fits; what images share stays and does not count', () => {
  const entries = [entry(50, 10, false), entry(40, 1000, true), entry(30, 10, false), entry(20, 10, false)];
  const gone = (keep: number, unusedFor: number) =>
    superfluousIn(entries, { keep, unusedFor }, NOW).map(({ id }) => id);
  assert.deepEqual(gone(30, 100), []);
  assert.deepEqual(gone(29, 100), ['50']);
  assert.deepEqual(gone(30, 35), ['50']);
  assert.deepEqual(gone(0, 100), ['50', '30', '20']);
});

test('what stays fits and was used lately; nothing goes that is younger than something that stays', () => {
  const made = fc.record({ age: fc.nat(100), size: fc.nat(100), shared: fc.boolean() });
  fc.assert(
    fc.property(fc.array(made), fc.nat(2000), fc.nat(100), (raw, keep, unusedFor) => {
      const entries = raw
        .toSorted((a, b) => b.age - a.age)
        .map(({ age, size, shared }) => entry(age, size, shared));
      const gone = new Set(superfluousIn(entries, { keep, unusedFor }, NOW));
      const own = entries.filter(({ shared }) => !shared);
      const stays = own.filter((each) => !gone.has(each));
      assert.ok([...gone].every(({ shared }) => !shared));
      assert.ok(stays.reduce((sum, { size }) => sum + size, 0) <= keep);
      assert.ok(stays.every(({ lastUsed }) => NOW - Date.parse(lastUsed) <= unusedFor));
      assert.deepEqual(own, [...gone, ...stays]);
    }),
  );
});
