import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_DETACH_KEYS, DetachFilter, parseDetachKeys } from './detach-keys.ts';

describe('parseDetachKeys', () => {
  it('knows letters and control keys', () => {
    assert.deepEqual([...parseDetachKeys(DEFAULT_DETACH_KEYS)], [16, 17]);
    assert.deepEqual(
      [...parseDetachKeys('a,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,Ctrl-Z')],
      [97, 0, 27, 28, 29, 30, 31, 26],
    );
  });
  for (const bad of ['foo', '', 'ctrl-1', 'ctrl-p,']) {
    it(`refuses ${JSON.stringify(bad)}`, () =>
      assert.throws(() => parseDetachKeys(bad), /invalid detach keys/));
  }
});

describe('DetachFilter', () => {
  const KEYS = Buffer.from([16, 17]);

  it('finds the keys however they arrive', () => {
    for (const pieces of [
      [[16, 17]],
      [[16], [17]],
      [
        [1, 16],
        [17, 2],
      ],
      [[16, 16], [17]],
    ]) {
      const filter = new DetachFilter(KEYS);
      assert.equal(pieces.map((piece) => filter.push(Buffer.from(piece)).detached).at(-1), true);
    }
  });

  it('holds a beginning back and sends it when it was none', () => {
    const filter = new DetachFilter(KEYS);
    assert.deepEqual([...filter.push(Buffer.from([1, 16])).send], [1]);
    assert.deepEqual([...filter.push(Buffer.from([2])).send], [16, 2]);
  });

  it('loses and adds no byte, and stops exactly behind the first occurrence', () => {
    const key = fc.integer({ min: 0, max: 2 });
    fc.assert(
      fc.property(
        fc.array(key, { minLength: 1, maxLength: 3 }).filter((keys) => new Set(keys).size === keys.length),
        fc.array(fc.array(key, { maxLength: 5 })),
        (keys, pieces) => {
          const filter = new DetachFilter(Buffer.from(keys));
          const typed = Buffer.from(pieces.flat());
          let sent = Buffer.alloc(0);
          let detached = false;
          for (const piece of pieces) {
            const step = filter.push(Buffer.from(piece));
            sent = Buffer.concat([sent, step.send]);
            detached ||= step.detached;
            if (detached) break;
          }
          const at = typed.indexOf(Buffer.from(keys));
          assert.equal(detached, at >= 0);
          if (detached) assert.deepEqual(sent, typed.subarray(0, at));
          else
            assert.ok(
              typed.subarray(0, sent.length).equals(sent) && typed.length - sent.length < keys.length,
            );
        },
      ),
    );
  });

  it('without keys lets everything through', () => {
    assert.deepEqual(new DetachFilter(Buffer.alloc(0)).push(KEYS), { send: KEYS, detached: false });
  });
});
