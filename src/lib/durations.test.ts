import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { humanDuration, parseDuration } from '#lib/durations';
import { isKind } from '#lib/errors';

test("Go's duration syntax", () => {
  assert.equal(parseDuration('1h30m'), 5400e9);
  assert.equal(parseDuration('-1.5s'), -1.5e9);
  assert.equal(parseDuration('.5ms'), 5e5);
  assert.equal(parseDuration('0'), 0);
});

test('what is no duration is refused by name', () => {
  for (const text of ['', '5', 's', '1 s', '1d', '1h-3m', '--1s', '1s1']) {
    assert.throws(
      () => parseDuration(text),
      (error) => isKind(error, 'invalid') && error.message.includes(`'${text}'`),
    );
  }
});

test('arbitrary text never does anything but parse or refuse', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        assert.ok(Number.isFinite(parseDuration(text)));
      } catch (error) {
        assert.ok(isKind(error, 'invalid'));
      }
    }),
  );
});

test('ages read as docker tells them', () => {
  const second = 1000;
  const hour = 3600 * second;
  assert.equal(humanDuration(500), 'Less than a second');
  assert.equal(humanDuration(90 * second), 'About a minute');
  assert.equal(humanDuration(47 * hour), '47 hours');
  assert.equal(humanDuration(50 * hour), '2 days');
  assert.equal(humanDuration(24 * 30 * hour), '4 weeks');
  assert.equal(humanDuration(24 * 365 * 3 * hour), '3 years');
});
