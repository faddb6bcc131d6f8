import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { contains, formatAddress, formatSubnet, overlaps, parseCidr, subnetOf } from '../subnet.ts';
import { planPools } from './plan.ts';
import { DEFAULT_POOLS } from './pools.ts';
import { TakenBlocks } from './taken-blocks.ts';

const block = fc
  .tuple(fc.bigInt(0n, 2n ** 32n - 1n), fc.integer({ min: 8, max: 30 }))
  .map(([value, prefix]) => subnetOf(formatAddress(4, value), prefix));

test('what is planned overlaps nothing of ours, and gateways lie inside; what cannot be is refused', () => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 8 }),
      fc.array(fc.option(block, { nil: undefined }), { maxLength: 3 }),
      fc.boolean(),
      (ours, asked, ipv6) => {
        const pools = asked.map((subnet) => (subnet ? { subnet: formatSubnet(subnet) } : {}));
        const context = {
          ipv4: true,
          ipv6,
          gateway: { four: true, six: true },
          ours: new TakenBlocks(ours),
          host: () => new TakenBlocks(),
          pools: DEFAULT_POOLS,
          owner: 'test',
        };
        try {
          const planned = planPools(pools, context);
          const subnets = planned.map(({ subnet }) => parseCidr(subnet).subnet);
          for (const [index, subnet] of subnets.entries()) {
            const others = [...ours, ...subnets.slice(0, index)];
            assert.ok(!others.some((other) => overlaps(other, subnet)));
            const { gateway, configured } = planned[index] ?? {};
            assert.ok(gateway !== undefined && contains(subnet, gateway));
            assert.equal(configured, index < pools.length && pools[index]?.subnet !== undefined);
          }
          assert.equal(
            subnets.some(({ family }) => family === 6),
            ipv6,
          );
        } catch (error) {
          assert.ok(isKind(error, 'forbidden') || isKind(error, 'invalid'), String(error));
        }
      },
    ),
  );
});
