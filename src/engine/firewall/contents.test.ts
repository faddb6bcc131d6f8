import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Contents } from './contents.ts';
import { type Element, nameOf } from './element.ts';

const element = (key: string, value?: string): Element => ({
  set: 's',
  key,
  ...(value === undefined ? {} : { value }),
});

test('an element of several owners goes with the last, and one with a new value is replaced', () => {
  const contents = new Contents();
  assert.deepEqual(contents.change({ add: [element('a'), element('a')] }), {
    added: [element('a')],
    removed: [],
  });
  assert.deepEqual(contents.change({ remove: [element('a')] }), { added: [], removed: [] });
  assert.deepEqual(contents.change({ remove: [element('a')] }), { added: [], removed: [element('a')] });
  assert.deepEqual(contents.change({ remove: [element('a')] }), { added: [], removed: [] });
  contents.change({ add: [element('p', '1')] });
  assert.deepEqual(contents.change({ remove: [element('p', '1')], add: [element('p', '2')] }), {
    added: [element('p', '2')],
    removed: [element('p', '1')],
  });
  assert.deepEqual([...contents], [element('p', '2')]);
});

test('the kernel that does what it is told has what is wanted', () => {
  const keys = fc.array(
    fc.constantFrom('a', 'b', 'c').map((key) => element(key)),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(fc.array(fc.record({ add: keys, remove: keys })), (changes) => {
      const contents = new Contents();
      const kernel = new Set<string>();
      for (const change of changes) {
        const { added, removed } = contents.change(change);
        for (const each of removed) assert.ok(kernel.delete(nameOf(each)));
        for (const each of added) {
          assert.ok(!kernel.has(nameOf(each)));
          kernel.add(nameOf(each));
        }
        assert.deepEqual([...kernel].sort(), [...contents].map(nameOf).sort());
      }
    }),
  );
});
