import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { containerResolvConf, formatResolvConf, onlyStub, parseResolvConf } from './resolv-conf.ts';

const NOTHING = { nameservers: [], search: [], options: [] };

test('reads what resolv.conf(5) describes', () => {
  const text =
    '# c\n; c\nnameserver 10.0.0.1\n nameserver\t10.0.0.2 # home\ndomain a.b\nsearch x y\noptions ndots:2\noptions rotate\nsortlist 1\n';
  assert.deepEqual(parseResolvConf(text), {
    nameservers: ['10.0.0.1', '10.0.0.2'],
    search: ['x', 'y'],
    options: ['ndots:2', 'rotate'],
  });
  assert.ok(onlyStub(parseResolvConf('nameserver 127.0.0.53\noptions edns0')));
});

test('drops servers that a container cannot reach, and falls back when none is left', () => {
  const host = {
    nameservers: ['127.0.0.1', '::1', 'fe80::1%eth0', '10.0.0.1', 'fd00::53'],
    search: ['lan'],
    options: ['rotate'],
  };
  assert.deepEqual(containerResolvConf(host, NOTHING, { ipv6: true }), {
    nameservers: ['10.0.0.1', 'fd00::53'],
    search: ['lan'],
    options: ['rotate'],
  });
  assert.deepEqual(containerResolvConf(host, NOTHING, { ipv6: false }).nameservers, ['10.0.0.1']);
  const local = { ...NOTHING, nameservers: ['127.0.0.53'] };
  assert.deepEqual(containerResolvConf(local, NOTHING, { ipv6: false }).nameservers, ['8.8.8.8', '8.8.4.4']);
});

test('what was asked for replaces, kind by kind; a search of "." is none', () => {
  const host = { nameservers: ['10.0.0.1'], search: ['lan'], options: ['rotate'] };
  const asked = { nameservers: ['127.0.0.1'], search: ['.'], options: [] };
  assert.deepEqual(containerResolvConf(host, asked, { ipv6: true }), {
    nameservers: ['127.0.0.1'],
    search: [],
    options: ['rotate'],
  });
});

test('always has a server, and reads back as it was written', () => {
  const word = fc.stringMatching(/^[a-z0-9.:-]{1,12}$/);
  const conf = fc.record({
    nameservers: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 4 }),
    search: fc.array(word, { maxLength: 3 }),
    options: fc.array(word, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(conf, conf, fc.boolean(), (host, asked, ipv6) => {
      const result = containerResolvConf(host, asked, { ipv6 });
      assert.ok(result.nameservers.length > 0 && result.nameservers.every((server) => isIP(server) !== 0));
      assert.deepEqual(parseResolvConf(formatResolvConf(result)), result);
    }),
  );
});
