import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatResolvConf, mergeResolvConf, parseResolvConf, resolverConf } from './resolv-conf.ts';

const NOTHING = { nameservers: [], search: [], options: [] };

test('reads what resolv.conf(5) describes', () => {
  const text =
    '# c\n; c\nnameserver 10.0.0.1\n nameserver\t10.0.0.2 # home\nnameserver dns.lan\ndomain a.b\nsearch x y\nsearch\noptions ndots:2\noptions rotate\nsortlist 1\n';
  assert.deepEqual(parseResolvConf(text), {
    nameservers: ['10.0.0.1', '10.0.0.2'],
    search: ['x', 'y'],
    options: ['ndots:2', 'rotate'],
  });
});

test('a container asks its own resolver, which asks what the host has, from where it can be reached', () => {
  const host = {
    nameservers: ['127.0.0.53', '10.0.0.1', 'fd00::53', 'fe80::1%eth0', '::1', '0.0.0.0'],
    search: ['lan'],
    options: ['edns0', 'trust-ad'],
  };
  const conf = resolverConf(host, NOTHING, { ipv6: true });
  assert.equal(
    conf.text,
    `# Written by Berth. It is yours to edit: once you have changed it, it is left alone.

nameserver 127.0.0.11
search lan
options edns0 trust-ad ndots:0

# Based on host file: '/etc/resolv.conf' (internal resolver)
# ExtServers: [host(127.0.0.53) 10.0.0.1 fd00::53 host(fe80::1%eth0) host(::1) host(127.0.0.1)]
# Overrides: []
# Option ndots from: internal
`,
  );
  assert.deepEqual([conf.servers, conf.ndots], [undefined, false]);
  assert.match(resolverConf(host, NOTHING, { ipv6: false }).text, /10\.0\.0\.1 host\(fd00::53\)/);
});

test('what was asked for replaces, kind by kind, and is asked from the container; never ourselves', () => {
  const host = { nameservers: ['127.0.0.53'], search: ['lan'], options: ['ndots:4'] };
  const asked = {
    nameservers: ['127.0.0.1', '127.0.0.11', '9.9.9.9'],
    search: ['.'],
    options: ['ndots:2', 'rotate'],
  };
  const conf = resolverConf(host, asked, { ipv6: true });
  assert.deepEqual(conf.servers, [
    { address: '127.0.0.1', fromHost: false },
    { address: '9.9.9.9', fromHost: false },
  ]);
  assert.equal(conf.ndots, true);
  const { nameservers, search, options } = parseResolvConf(conf.text);
  assert.deepEqual([nameservers, search, options], [['127.0.0.11'], [], ['ndots:2', 'rotate']]);
  assert.match(conf.text, /^# Overrides: \[nameservers search options\]\n# Option ndots from: override$/m);
  assert.doesNotMatch(conf.text, /ExtServers.*127\.0\.0\.11/);
});

test("ndots: the host's counts, an invalid one does not", () => {
  const conf = (option: string) => resolverConf({ ...NOTHING, options: [option] }, NOTHING, { ipv6: false });
  assert.deepEqual(
    [conf('ndots:5').ndots, conf('ndots:0').ndots, conf('ndots:x').ndots],
    [true, false, false],
  );
  assert.match(conf('ndots:5').text, /^options ndots:5$/m);
  assert.match(conf('ndots:5').text, /ndots from: host/);
  assert.match(conf('ndots:x').text, /^options ndots:0$/m);
});

test('a host without servers: the public ones, and a word about it', () => {
  const { text } = resolverConf(NOTHING, NOTHING, { ipv6: false });
  assert.match(text, /^# Used default nameservers\.\n# ExtServers: \[8\.8\.8\.8 8\.8\.4\.4\]$/m);
});

test('what is written reads back', () => {
  const word = fc.stringMatching(/^[a-z0-9.:-]{1,12}$/);
  const conf = fc.record({
    nameservers: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 4 }),
    search: fc.array(word, { maxLength: 3 }),
    options: fc.array(word, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(conf, conf, (host, asked) => {
      const merged = mergeResolvConf(host, asked);
      assert.deepEqual(parseResolvConf(formatResolvConf(merged)), merged);
    }),
  );
});
