import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { checkVolumeName } from './names.ts';

test('takes what Docker takes', () => {
  for (const name of ['db', 'a.b-c_D9', '9x', 'x'.repeat(255)]) checkVolumeName(name);
});

test('refuses with the text that clients know', () => {
  assert.throws(
    () => checkVolumeName('../x'),
    /includes invalid characters for a local volume name, only "\[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\]" are allowed/,
  );
  assert.throws(() => checkVolumeName('x'), /volume name is too short/);
  for (const name of ['', '.a', '-a', 'a/b', 'a\0b', 'a\nb', 'ä1', '_data', 'x'.repeat(256)]) {
    assert.throws(
      () => checkVolumeName(name),
      (error) => isKind(error, 'invalid'),
      JSON.stringify(name),
    );
  }
});

test('no accepted name leaves its directory or is hidden', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      try {
        checkVolumeName(name);
      } catch {
        return;
      }
      assert.ok(!name.includes('/') && !name.startsWith('.') && name.length > 1);
    }),
  );
});
