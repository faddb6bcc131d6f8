import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { broadcast, formatAddress, formatMac, parseAddress, parseMac } from './address.ts';
import { encode } from './encode.ts';
import type { Resolver } from './encode-link.ts';
import { parseAttributes, toText } from './message.ts';
import type { Request } from './request.ts';

const resolver: Resolver = { index: (name) => name.length + 100, netns: () => 9 };
const encoded = (request: Request) => {
  const { type, flags, parts } = encode(request, resolver);
  return {
    type,
    flags,
    fixed: [...(parts[0] ?? [])],
    attributes: parseAttributes(Buffer.concat(parts.slice(1))),
  };
};

test('addresses of both families come back; everything else is refused', () => {
  for (const arbitrary of [fc.ipV4(), fc.ipV6()]) {
    fc.assert(
      fc.property(arbitrary, (text) => {
        const { bytes } = parseAddress(text);
        return parseAddress(formatAddress(bytes)).bytes.equals(bytes);
      }),
    );
  }
  fc.assert(
    fc.property(
      fc.string(),
      (text) =>
        isIP(text) !== 0 || assert.throws(() => parseAddress(text), { kind: 'invalid' }) === undefined,
    ),
  );
  for (const bad of ['', '127.1', '010.0.0.1', '1.2.3.4/8', 'fe80::1%eth0', '::g', '0x7f.1']) {
    assert.throws(() => parseAddress(bad), { kind: 'invalid' }, bad);
  }
});

test('broadcast addresses', () => {
  const of = (text: string, prefix: number) => {
    const bytes = broadcast(parseAddress(text), prefix);
    return bytes && formatAddress(bytes);
  };
  assert.deepEqual(
    [
      of('10.1.2.3', 16),
      of('10.1.2.3', 24),
      of('10.1.2.3', 30),
      of('10.1.2.3', 31),
      of('10.1.2.3', 0),
      of('::1', 64),
    ],
    ['10.1.255.255', '10.1.2.255', '10.1.2.3', undefined, '255.255.255.255', undefined],
  );
});

test('MAC addresses', () => {
  assert.equal(formatMac(parseMac('02:42:AC:11:00:02')), '02:42:ac:11:00:02');
  for (const bad of ['', '02:42:ac:11:00', '02:42:ac:11:00:0g', '0242ac110002', '02-42-ac-11-00-02']) {
    assert.throws(() => parseMac(bad), { kind: 'invalid' });
  }
});

test('a default route and a local one', () => {
  assert.deepEqual(
    encoded({ op: 'route-add', gateway: '10.0.0.1' }).fixed,
    [2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0],
  );
  const local = encoded({ op: 'route-add', destination: '::1', type: 'local', name: 'br0', metric: 2048 });
  assert.deepEqual(local.fixed, [10, 128, 0, 0, 255, 3, 254, 2, 0, 0, 0, 0]);
  assert.equal(local.attributes.get(4)?.readUInt32LE(), 103);
  assert.equal(local.attributes.get(6)?.readUInt32LE(), 2048);
  const far = encoded({ op: 'route-add', destination: '10.0.0.0', prefix: 8, name: 'br0', table: 1000 });
  assert.deepEqual([far.fixed[4], far.attributes.get(15)?.readUInt32LE()], [0, 1000]);
});

test('what cannot be is refused before the kernel sees it', () => {
  const bad: Request[] = [
    { op: 'link-up', name: 'sixteen-letters-' },
    { op: 'link-up', name: '' },
    { op: 'link-up', name: 'a/b' },
    { op: 'link-up', name: '..' },
    { op: 'link-up', name: 'a\0' },
    { op: 'addr-add', name: 'x', address: '10.0.0.1', prefix: 33 },
    { op: 'addr-add', name: 'x', address: '::1', prefix: -1 },
    { op: 'route-add' },
    { op: 'route-add', destination: '10.0.0.0', prefix: 8, gateway: 'fd00::1' },
    { op: 'link-add-bridge', name: 'br', mac: 'no' },
  ];
  for (const request of bad)
    assert.throws(() => encode(request, resolver), { kind: 'invalid' }, JSON.stringify(request));
});

test('any valid name is encoded whole', () => {
  const names = fc.stringMatching(/^[a-z0-9._-]{1,15}$/).filter((name) => !/^\.\.?$/.test(name));
  fc.assert(
    fc.property(names, (name) => toText(encoded({ op: 'link-del', name }).attributes.get(3)) === name),
  );
});
