import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeHeaderJson, encodeHeaderJson } from './headers.ts';

test('JSON survives a header, in characters that a header may hold', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = encodeHeaderJson(value);
      assert.match(text, /^[\w=-]*$/);
      assert.deepEqual(decodeHeaderJson(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});
