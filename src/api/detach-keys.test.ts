import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_DETACH_KEYS, DetachFilter, parseDetachKeys } from './detach-keys.ts';

/** What the filter must do, told at once: everything before the first occurrence passes. */
function reference(keys: Uint8Array, input: Buffer): { pass: Buffer; detached: boolean } {
  const at = input.indexOf(keys);
  return at < 0 ? { pass: input, detached: false } : { pass: input.subarray(0, at), detached: true };
}

test('however the input is cut, the first occurrence of the keys detaches', () => {
  // Few letters, so that sequences overlap with themselves.
  const bytes = (constraints: fc.ArrayConstraints) =>
    fc.array(fc.integer({ min: 1, max: 3 }), constraints).map((list) => Buffer.from(list));
  fc.assert(
    fc.property(
      bytes({ minLength: 1, maxLength: 5 }),
      fc.array(bytes({ maxLength: 6 }), { maxLength: 8 }),
      (keys, chunks) => {
        const filter = new DetachFilter(keys);
        const passed: Buffer[] = [];
        let detached = false;
        for (const chunk of chunks) {
          const result = filter.push(chunk);
          passed.push(result.pass);
          detached = result.detached;
          if (detached) break;
        }
        if (!detached) passed.push(filter.flush());
        const expected = reference(keys, Buffer.concat(chunks));
        assert.equal(detached, expected.detached);
        assert.deepEqual(Buffer.concat(passed), Buffer.from(expected.pass));
      },
    ),
    { numRuns: 2000 },
  );
});

test('an ordinary key press is not held back', () => {
  const filter = new DetachFilter(DEFAULT_DETACH_KEYS);
  assert.deepEqual(filter.push(Buffer.from('ls\r')).pass.toString(), 'ls\r');
  assert.equal(filter.push(Buffer.of(16)).pass.length, 0);
  assert.deepEqual([...filter.push(Buffer.from('x')).pass], [16, 120]);
});

test('key names', () => {
  assert.deepEqual([...parseDetachKeys('')], [16, 17]);
  assert.deepEqual([...parseDetachKeys('ctrl-a,x,CTRL-[,ctrl-_,DEL')], [1, 120, 27, 31, 127]);
  for (const text of ['ctrl-', 'ctrl-1', 'ab', 'a,', ',', 'ctrl-ä', 'é']) {
    assert.throws(() => parseDetachKeys(text), { kind: 'invalid' }, text);
  }
});
