import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeFilters, encodeFilters } from './filters.ts';

test('filters survive the wire', () => {
  const filters = fc.uniqueArray(
    fc.tuple(fc.string(), fc.uniqueArray(fc.string().filter((text) => text !== '__proto__'))),
    { selector: ([name]) => name },
  );
  fc.assert(
    fc.property(filters, (entries) => {
      const sent = new Map(entries.filter(([name]) => name !== '__proto__'));
      const received = decodeFilters(encodeFilters(sent));
      assert.ok(received);
      assert.deepEqual([...received.keys()].sort(), [...sent.keys()].sort());
      for (const [name, values] of sent)
        assert.deepEqual([...(received.get(name) ?? [])].sort(), [...values].sort());
    }),
  );
});

test('both spellings are read', () => {
  const wanted = new Map([['label', ['a', 'b=c']]]);
  assert.deepEqual(decodeFilters('{"label":["a","b=c"]}'), wanted);
  assert.deepEqual(decodeFilters('{"label":{"a":true,"b=c":true,"no":false}}'), wanted);
  assert.deepEqual(decodeFilters('null'), new Map());
});

test('what is neither is told apart', () => {
  for (const text of ['', '{', '[]', '"x"', '{"a":1}', '{"a":[1]}', '{"a":{"b":"c"}}']) {
    assert.equal(decodeFilters(text), undefined, text);
  }
});
