import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { contains, parseCidr } from '../subnet.ts';
import { SubnetAddresses } from './addresses.ts';

const open = (cidr: string, gateway: string, cursor?: bigint) =>
  new SubnetAddresses(parseCidr(cidr).subnet, {
    reserved: [gateway],
    ...(cursor === undefined ? {} : { cursor }),
  });

test('gives the addresses after the gateway in order and wraps around', () => {
  const ipam = open('10.0.0.0/29', '10.0.0.1');
  const all = [1, 2, 3, 4, 5].map(() => ipam.allocate());
  assert.deepEqual(all, ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
  assert.throws(
    () => ipam.allocate(),
    (error) => isKind(error, 'system'),
  );
  ipam.release('10.0.0.4');
  assert.equal(ipam.allocate(), '10.0.0.4');
});

test('an address just freed comes last', () => {
  const ipam = open('10.0.0.0/24', '10.0.0.1');
  const first = ipam.allocate();
  ipam.release(first);
  for (let i = 0; i < 252; i++) {
    const next = ipam.allocate();
    assert.notEqual(next, first);
    ipam.release(next);
  }
  assert.equal(ipam.allocate(), first);
});

test('goes on where an earlier life stopped', () => {
  assert.equal(open('10.0.0.0/24', '10.0.0.1', 70n).allocate(), '10.0.0.70');
  assert.equal(open('10.0.0.0/24', '10.0.0.1', 9999n).allocate(), '10.0.0.2');
  assert.equal(open('fd00::/64', 'fd00::1', 70n).allocate(), 'fd00::46');
});

test('gives a requested address once, and only one of the subnet', () => {
  const ipam = open('10.0.0.0/24', '10.0.0.1');
  assert.equal(ipam.allocate('10.0.0.9'), '10.0.0.9');
  assert.throws(
    () => ipam.allocate('10.0.0.9'),
    (error) => isKind(error, 'forbidden'),
  );
  assert.throws(
    () => ipam.allocate('10.0.0.1'),
    (error) => isKind(error, 'forbidden'),
  );
  for (const outside of ['10.0.1.1', '10.0.0.0', '10.0.0.255', 'fd00::1', 'nonsense']) {
    assert.throws(
      () => ipam.allocate(outside),
      (error) => isKind(error, 'invalid'),
      outside,
    );
  }
});

test('never gives an address twice, whatever the order of allocations and releases', () => {
  const step = fc.oneof(
    fc.constant({ kind: 'next' as const }),
    fc.record({ kind: fc.constant('ask' as const), host: fc.integer({ min: 0, max: 15 }) }),
    fc.record({ kind: fc.constant('free' as const), pick: fc.nat() }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('10.9.8.0/28', 'fd09::/124'),
      fc.array(step, { maxLength: 80 }),
      (cidr, steps) => {
        const v6 = cidr.startsWith('fd');
        const at = (host: number) => (v6 ? `fd09::${host.toString(16)}` : `10.9.8.${host}`);
        const ipam = open(cidr, at(1));
        const held: string[] = [];
        const capacity = v6 ? 14 : 13;
        for (const each of steps) {
          if (each.kind === 'free') {
            const address = held.splice(each.pick % Math.max(1, held.length), 1)[0];
            if (address !== undefined) ipam.release(address);
            continue;
          }
          try {
            const address = each.kind === 'next' ? ipam.allocate() : ipam.allocate(at(each.host));
            assert.ok(!held.includes(address) && address !== at(1));
            assert.ok(contains(parseCidr(cidr).subnet, address));
            held.push(address);
          } catch (error) {
            if (isKind(error, 'system')) assert.equal(held.length, capacity);
            else assert.ok(isKind(error, 'forbidden') || isKind(error, 'invalid'));
          }
        }
        for (const address of held) ipam.release(address);
        const again = new Set(Array.from({ length: capacity }, () => ipam.allocate()));
        assert.equal(again.size, capacity);
      },
    ),
  );
});
