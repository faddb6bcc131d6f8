import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTime, nowNano } from '#lib/time';
import { timestamp, unixTime } from './time.ts';

const SECOND = 1_000_000_000n;

test('seconds and nanoseconds are exact', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000n * SECOND }), (time) => {
      const text = `${time / SECOND}.${(time % SECOND).toString().padStart(9, '0')}`;
      assert.equal(unixTime(text), time);
      assert.equal(timestamp(text), time);
      assert.equal(timestamp(formatTime(time)), time);
    }),
  );
  assert.equal(unixTime('1.5'), 1_500_000_000n);
});

test('dates may stop early', () => {
  assert.equal(timestamp('1970-01-02Z'), 86_400n * SECOND);
  assert.equal(timestamp('1970-01-01T01Z'), 3_600n * SECOND);
  assert.equal(timestamp('1970-01-01T00:01Z'), 60n * SECOND);
  assert.equal(timestamp('1970-01-01T01:00:00+01:00'), 0n);
  assert.equal(
    timestamp('2020-06-01T00:00:00'),
    BigInt(new Date('2020-06-01T00:00:00').getTime()) * 1_000_000n,
  );
});

test('a duration counts back from now', () => {
  const back = timestamp('10m');
  const age = nowNano() - back;
  assert.ok(age >= 600n * SECOND && age < 660n * SECOND);
});

test('anything else is refused', () => {
  for (const text of ['', 'x', '-', '2020-13-01', '1.2.3', '2020-01-01T99:00:00Z']) {
    assert.throws(() => timestamp(text), { kind: 'invalid' }, text);
  }
});
