import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HostPort, PortAllocator } from './allocator.ts';

const tcp = (address: string, port: number): HostPort => ({ protocol: 'tcp', address, port });

test('a wildcard covers every address of its family and no other', () => {
  const ports = new PortAllocator();
  assert.equal(ports.claim('a', [tcp('0.0.0.0', 80)]), undefined);
  assert.deepEqual(ports.claim('b', [tcp('127.0.0.1', 80)]), tcp('127.0.0.1', 80));
  assert.equal(ports.claim('b', [tcp('::', 80)]), undefined);
  assert.deepEqual(ports.claim('c', [tcp('fd00::1', 80)]), tcp('fd00::1', 80));
  assert.equal(ports.claim('c', [{ protocol: 'udp', address: '0.0.0.0', port: 80 }]), undefined);
  assert.equal(ports.claim('d', [tcp('10.0.0.1', 81)]), undefined);
  assert.equal(ports.claim('d', [tcp('10.0.0.2', 81)]), undefined);
  assert.deepEqual(ports.claim('e', [tcp('0.0.0.0', 81)]), tcp('0.0.0.0', 81));
});

test('takes all or nothing', () => {
  const ports = new PortAllocator();
  ports.claim('a', [tcp('::', 80)]);
  assert.deepEqual(ports.claim('b', [tcp('0.0.0.0', 80), tcp('::', 80)]), tcp('::', 80));
  assert.equal(ports.claim('c', [tcp('0.0.0.0', 80)]), undefined);
  assert.deepEqual(ports.claim('d', [tcp('0.0.0.0', 90), tcp('1.2.3.4', 90)]), tcp('1.2.3.4', 90));
  assert.equal(ports.size, 2);
});

test('only the owner frees a port', () => {
  const ports = new PortAllocator();
  ports.claim('a', [tcp('0.0.0.0', 80)]);
  ports.release('b', tcp('0.0.0.0', 80));
  assert.equal(ports.ownerOf(tcp('0.0.0.0', 80)), 'a');
  ports.release('a', tcp('0.0.0.0', 80));
  assert.equal(ports.size, 0);
});

test('ephemeral ports: each of the range once, not the last one again first', () => {
  const ports = new PortAllocator();
  assert.deepEqual([...ports.ephemeral(10, 13)], [10, 11, 12, 13]);
  const [next] = ports.ephemeral(10, 13);
  assert.equal(next, 10);
  assert.deepEqual([...ports.ephemeral(10, 13)], [11, 12, 13, 10]);
  assert.deepEqual([...ports.ephemeral(20, 20)], [20]);
  assert.deepEqual([...ports.ephemeral(5, 4)], []);
});

test('never two owners of what clashes, and everything is free after every owner has released', () => {
  const port = fc.record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
    address: fc.constantFrom('0.0.0.0', '127.0.0.1', '10.0.0.1', '::', '::1', 'fd00::1'),
    port: fc.integer({ min: 1, max: 3 }),
  });
  const step = fc.oneof(
    fc.record({
      owner: fc.constantFrom('a', 'b', 'c'),
      claim: fc.array(port, { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ owner: fc.constantFrom('a', 'b', 'c'), release: fc.nat() }),
  );
  const covers = (a: string, b: string) =>
    a === b ||
    (a.includes(':') === b.includes(':') && [a, b].some((each) => each === '::' || each === '0.0.0.0'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ports = new PortAllocator();
      const held: { owner: string; port: HostPort }[] = [];
      for (const each of steps) {
        if ('claim' in each) {
          const clash = ports.claim(each.owner, each.claim);
          if (clash === undefined) held.push(...each.claim.map((one) => ({ owner: each.owner, port: one })));
        } else {
          const [gone] = held.splice(each.release % Math.max(1, held.length), 1);
          if (gone) ports.release(gone.owner, gone.port);
        }
        for (const [index, one] of held.entries()) {
          for (const other of held.slice(index + 1)) {
            const same = one.port.protocol === other.port.protocol && one.port.port === other.port.port;
            assert.ok(!(same && covers(one.port.address, other.port.address)));
          }
          assert.equal(ports.ownerOf(one.port), one.owner);
        }
        assert.equal(ports.size, held.length);
      }
      for (const { owner, port: one } of held) ports.release(owner, one);
      assert.equal(ports.size, 0);
    }),
  );
});
