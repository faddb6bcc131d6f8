import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTime, NEVER, nowNano, parseTime } from '#lib/time';

test('the clock never repeats or goes back', () => {
  let last = 0n;
  for (let i = 0; i < 1000; i++) {
    const next = nowNano();
    assert.ok(next > last);
    last = next;
  }
});

test('every instant survives a round trip', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }), (nano) => {
      assert.equal(parseTime(formatTime(nano)), nano);
    }),
  );
});

test('offsets and short fractions are understood, other text is not', () => {
  assert.equal(parseTime('1970-01-01T01:00:00.5+01:00'), 500_000_000n);
  assert.ok((parseTime(NEVER) ?? 0n) < 0n);
  for (const text of ['', 'yesterday', '2026-01-01', '2026-13-01T00:00:00Z', '2026-01-01T00:00:00'])
    assert.equal(parseTime(text), undefined);
});
