import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { formatAddress, formatSubnet, overlaps, parseCidr, type Subnet, subnetOf } from '../subnet.ts';
import { chooseSubnet, uniqueLocalSubnet } from './pools.ts';
import { TakenBlocks } from './taken-blocks.ts';

const chosen = (taken: readonly Subnet[]): Subnet => chooseSubnet([new TakenBlocks(taken)]);
const blocks = (...texts: string[]): Subnet[] => texts.map((text) => parseCidr(text).subnet);

test('begins with 172.17.0.0/16 and goes on to the 192.168 blocks', () => {
  assert.equal(formatSubnet(chosen([])), '172.17.0.0/16');
  assert.equal(formatSubnet(chosen(blocks('172.17.5.0/24'))), '172.18.0.0/16');
  assert.equal(formatSubnet(chosen(blocks('172.16.0.0/12'))), '192.168.0.0/20');
  assert.equal(formatSubnet(chosen(blocks('172.16.0.0/12', '192.168.0.0/24'))), '192.168.16.0/20');
});

test('a thousand networks have a block each, and the first ones those that Docker would give them', () => {
  const taken: Subnet[] = [];
  for (let count = 0; count < 1050; count++) taken.push(chosen(taken));
  assert.deepEqual(
    [taken[30], taken[31], taken[1049]].map((block) => block && formatSubnet(block)),
    ['192.168.240.0/20', '172.16.0.0/26', '172.16.254.128/26'],
  );
  const inOrder = taken.toSorted((a, b) => Number(a.base - b.base));
  assert.ok(inOrder.every((block, index) => index === 0 || !overlaps(block, inOrder[index - 1] ?? block)));
});

test('never clashes, and says so when every pool is taken', () => {
  const block = fc
    .tuple(fc.bigInt(0n, 2n ** 32n - 1n), fc.integer({ min: 8, max: 32 }))
    .map(([value, prefix]) => subnetOf(formatAddress(4, value), prefix));
  fc.assert(
    fc.property(fc.array(block, { maxLength: 30 }), (taken) => {
      const block = chosen(taken);
      assert.ok(!taken.some((other) => overlaps(block, other)));
    }),
  );
  assert.throws(
    () => chosen(blocks('172.0.0.0/8', '192.168.0.0/16')),
    (error) => isKind(error, 'invalid') && error.message.includes('address pools have been fully subnetted'),
  );
});

test('the unique local subnet is a /64 of fd00::/8, the same for the same owner', () => {
  const all = parseCidr('fd00::/8').subnet;
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const subnet = uniqueLocalSubnet(one);
      assert.equal(subnet.prefix, 64);
      assert.ok(overlaps(all, subnet));
      assert.deepEqual(uniqueLocalSubnet(one), subnet);
      if (one !== other) assert.ok(!overlaps(uniqueLocalSubnet(other), subnet));
    }),
  );
});
