import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { divide, type Mention } from './groups.ts';
import { merge, type Span, within } from './span.ts';

const span = (first: number, last: number): Span => ({ first: BigInt(first), last: BigInt(last) });
const SPACE = span(0, 99);
const spans = fc
  .tuple(fc.integer({ min: -5, max: 110 }), fc.integer({ min: 0, max: 30 }))
  .map(([first, length]) => span(Math.max(0, first), Math.max(0, first) + length));
const mentions = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), span: spans }), {
  maxLength: 8,
});

const namesAt = (all: readonly Mention[], value: bigint) =>
  [...new Set(all.filter((each) => within(each.span, value)).map(({ name }) => name))].sort().join();

test('groups divide the space; within one all have the same mentions, and no two have the same', () => {
  fc.assert(
    fc.property(mentions, fc.array(spans, { maxLength: 2 }), (all, excluded) => {
      const groups = divide(SPACE, all, excluded);
      const seen = new Map<bigint, number>();
      for (const [index, group] of groups.entries()) {
        assert.ok(group.spans.some((each) => within(each, group.sample)));
        for (const each of group.spans) {
          for (let value = each.first; value <= each.last; value++) {
            assert.ok(!seen.has(value));
            seen.set(value, index);
            assert.equal(namesAt(all, value), namesAt(all, group.sample));
          }
        }
      }
      for (let value = 0n; value < 100n; value++) {
        assert.equal(seen.has(value), !excluded.some((each) => within(each, value)));
      }
      const kinds = groups.map((group) => namesAt(all, group.sample));
      assert.equal(new Set(kinds).size, kinds.length);
    }),
  );
});

test('merged spans have the same values, in order and apart', () => {
  fc.assert(
    fc.property(fc.array(spans), (all) => {
      const merged = merge(all);
      for (let value = 0n; value < 150n; value++) {
        assert.equal(
          merged.some((each) => within(each, value)),
          all.some((each) => within(each, value)),
        );
      }
      for (const [index, each] of merged.entries()) {
        const next = merged[index + 1];
        assert.ok(!next || next.first > each.last + 1n);
      }
    }),
  );
});
