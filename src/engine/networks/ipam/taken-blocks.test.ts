import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overlaps, type Subnet, subnetOf } from '../subnet.ts';
import { TakenBlocks } from './taken-blocks.ts';

// Few addresses, so that blocks touch and contain each other.
const block = fc
  .record({
    third: fc.nat(7),
    fourth: fc.nat(255),
    prefix: fc.integer({ min: 20, max: 32 }),
    six: fc.boolean(),
  })
  .map(({ third, fourth, prefix, six }) =>
    six ? subnetOf(`fd00::${third}:${fourth}`, prefix + 90) : subnetOf(`10.0.${third}.${fourth}`, prefix),
  );
const step = fc.oneof(fc.record({ add: block }), fc.record({ remove: fc.nat() }), fc.record({ ask: block }));

test('says of every block what a look at all of them says, whatever came and went', () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 5 }), fc.array(step, { maxLength: 40 }), (first, steps) => {
      const model: Subnet[] = [...first];
      const taken = new TakenBlocks(first);
      for (const each of steps) {
        if ('add' in each) {
          taken.add(each.add);
          model.push(each.add);
        } else if ('remove' in each) {
          const [gone] = model.splice(each.remove % Math.max(1, model.length), 1);
          if (gone) taken.delete(gone);
        } else {
          const { ask } = each;
          assert.equal(
            taken.overlap(ask) !== undefined,
            model.some((other) => overlaps(other, ask)),
          );
        }
      }
    }),
  );
});
