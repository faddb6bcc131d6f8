import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import {
  addressAt,
  contains,
  formatAddress,
  formatSubnet,
  normalizeAddress,
  overlaps,
  parseAddress,
  parseCidr,
  sizeOf,
  subnetOf,
} from './subnet.ts';

const ipv4 = fc.bigInt(0n, 2n ** 32n - 1n);
const ipv6 = fc.bigInt(0n, 2n ** 128n - 1n);

test('an address survives formatting and parsing', () => {
  fc.assert(
    fc.property(ipv4, (value) =>
      assert.deepEqual(parseAddress(formatAddress(4, value)), { family: 4, value }),
    ),
  );
  fc.assert(
    fc.property(ipv6, (value) =>
      assert.deepEqual(parseAddress(formatAddress(6, value)), { family: 6, value }),
    ),
  );
});

test('a block has a normal form and contains its first and last address, not its neighbours', () => {
  fc.assert(
    fc.property(ipv6, fc.integer({ min: 1, max: 128 }), (value, prefix) => {
      const { subnet } = parseCidr(`${formatAddress(6, value)}/${prefix}`);
      assert.deepEqual(parseCidr(formatSubnet(subnet)).subnet, subnet);
      assert.ok(contains(subnet, addressAt(subnet, 0n)));
      assert.ok(contains(subnet, addressAt(subnet, sizeOf(subnet) - 1n)));
      if (subnet.base > 0n) assert.ok(!contains(subnet, formatAddress(6, subnet.base - 1n)));
    }),
  );
});

test('two blocks overlap exactly when one contains the start of the other', () => {
  const block = fc
    .tuple(ipv4, fc.integer({ min: 0, max: 32 }))
    .map(([value, prefix]) => subnetOf(formatAddress(4, value), prefix));
  fc.assert(
    fc.property(block, block, (a, b) => {
      const expected = contains(a, addressAt(b, 0n)) || contains(b, addressAt(a, 0n));
      assert.equal(overlaps(a, b), expected);
      assert.equal(overlaps(b, a), expected);
    }),
  );
});

test('what is no address is refused', () => {
  for (const text of [
    '',
    '1.2.3',
    '010.0.0.1',
    '0x7f.1',
    '1.2.3.4.5',
    'fe80::1%eth0',
    '::g',
    '1.2.3.4/24',
    ' 1.2.3.4',
  ]) {
    assert.equal(parseAddress(text), undefined, text);
    assert.throws(
      () => normalizeAddress(text),
      (error) => isKind(error, 'invalid'),
    );
  }
  for (const text of [
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '::/129',
    '10.0.0.0/',
    '/8',
    '10.0.0.0/8/8',
    '10.0.0.0/1e1',
  ]) {
    assert.throws(
      () => parseCidr(text),
      (error) => isKind(error, 'invalid'),
      text,
    );
  }
});

test('any text is either an address of node:net or refused', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(parseAddress(text) !== undefined, isIP(text) !== 0 && !text.includes('%'));
    }),
  );
});
