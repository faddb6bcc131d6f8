import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { formatBinarySize, formatSize, parseSize } from '#lib/sizes';

test('sizes are 1024-based whatever the spelling', () => {
  for (const text of ['64m', '64M', '64mb', '64MB', '64MiB', '64 m'])
    assert.equal(parseSize(text), 64 * 2 ** 20, text);
  assert.equal(parseSize('1.5g'), 1.5 * 2 ** 30);
  assert.equal(parseSize('0'), 0);
  assert.equal(parseSize('512b'), 512);
});

test('what is no size is refused by name', () => {
  for (const text of ['', 'm', '-1', '1x', '1e3', '0x10', 'NaN', '1..2m', '99999999p']) {
    assert.throws(
      () => parseSize(text),
      (error) => isKind(error, 'invalid') && error.message.includes(`'${text}'`),
    );
  }
});

test('any whole number of units comes back exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4000 }), fc.constantFrom('k', 'm', 'g'), (count, unit) => {
      assert.equal(parseSize(`${count}${unit}`), count * 2 ** { k: 10, m: 20, g: 30 }[unit]);
    }),
  );
});

test('sizes print as docker prints them', () => {
  assert.equal(formatSize(0), '0B');
  assert.equal(formatSize(999), '999B');
  assert.equal(formatSize(1234567, 3), '1.23MB');
  assert.equal(formatBinarySize(1536), '1.5KiB');
});
