import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError, isKind } from '#lib/errors';
import { formatHosts, ownHosts, parseExtraHost } from './hosts-file.ts';

test('loopback, extra hosts, then the own names for each address', () => {
  const text = formatHosts({
    ipv6: true,
    hostname: 'web',
    domainname: 'example.org',
    addresses: ['172.17.0.2', 'fd00::2'],
    extra: parseExtraHost('db:10.0.0.9', []),
  });
  assert.equal(
    text,
    '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\n' +
      'ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n10.0.0.9\tdb\n' +
      '172.17.0.2\tweb.example.org web\nfd00::2\tweb.example.org web\n',
  );
});

test('a name with a space in it is two', () => {
  const names = { hostname: 'bad host', domainname: '' };
  assert.equal(ownHosts(names, ['172.17.0.2']), '172.17.0.2\tbad host\n');
  assert.throws(
    () => ownHosts({ ...names, hostname: 'a\tb' }, ['172.17.0.2']),
    (error) => isKind(error, 'invalid'),
  );
});

test('extra hosts in all their spellings', () => {
  assert.deepEqual(parseExtraHost('a:1.2.3.4', []), [{ address: '1.2.3.4', names: ['a'] }]);
  assert.deepEqual(parseExtraHost('a=1.2.3.4', []), [{ address: '1.2.3.4', names: ['a'] }]);
  assert.deepEqual(parseExtraHost('a:fd00::1', []), [{ address: 'fd00::1', names: ['a'] }]);
  assert.deepEqual(parseExtraHost('a=[fd00:0::1]', []), [{ address: 'fd00::1', names: ['a'] }]);
  assert.deepEqual(parseExtraHost('h:host-gateway', ['172.17.0.1', 'fd00::1']), [
    { address: '172.17.0.1', names: ['h'] },
    { address: 'fd00::1', names: ['h'] },
  ]);
});

test('what is no extra host is refused', () => {
  for (const text of [
    '',
    'a',
    ':1.2.3.4',
    'a:',
    'a:b',
    'a b:1.2.3.4',
    'a\n6.6.6.6 bank:1.2.3.4',
    'a:1.2.3.4\n6.6.6.6 bank',
    '#:1.2.3.4',
  ]) {
    assert.throws(
      () => parseExtraHost(text, []),
      (error) => isKind(error, 'invalid'),
      JSON.stringify(text),
    );
  }
  assert.throws(
    () => parseExtraHost('h:host-gateway', []),
    (error) => isKind(error, 'invalid'),
  );
});

test('no name, however hostile, adds a line or a comment', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (hostname, domainname, name) => {
      try {
        const extra = parseExtraHost(`${name}:10.0.0.9`, []);
        const text = formatHosts({ ipv6: false, hostname, domainname, addresses: ['10.0.0.2'], extra });
        const lines = text.split('\n');
        assert.equal(lines.length, /^ *$/.test(hostname) && domainname === '' ? 3 : 4);
        assert.ok(lines.slice(0, -1).every((line) => /^[0-9.]+\t[^\s#]+( [^\s#]+)*$/.test(line)));
      } catch (error) {
        if (!(error instanceof BerthError)) throw error;
      }
    }),
  );
});
