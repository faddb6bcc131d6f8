import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { parseHostsFile } from './hosts-file.ts';

test('hosts come in their order, and the rest is the server', () => {
  const { hosts, server } = parseHostsFile(`
server = "https://registry.test"
ca = "ca.crt"

[host."https://mirror.test"]
  capabilities = ["pull", "resolve"]
  skip_verify = true
  client = [["c.cert", "c.key"], ["both.pem", ""]]
  dial_timeout = "1.5s"
  proxy = "http://proxy.test:3128"
  [host."https://mirror.test".header]
    X-One = ["a", "b"]
[host."localhost:5000/v2/sub"]
  override_path = true
`);
  assert.deepEqual(
    hosts.map(({ url, capabilities }) => [url, [...capabilities].join()]),
    [
      ['https://mirror.test', 'pull,resolve'],
      ['http://localhost:5000/v2/sub', 'pull,resolve,push'],
    ],
  );
  const [mirror, local] = hosts;
  assert.deepEqual(mirror?.client, [
    { cert: 'c.cert', key: 'c.key' },
    { cert: 'both.pem', key: undefined },
  ]);
  assert.deepEqual(mirror?.headers, { 'x-one': 'a, b' });
  assert.deepEqual([mirror?.skipVerify, mirror?.dialTimeout], [true, 1500]);
  assert.equal(mirror?.proxy, 'http://proxy.test:3128');
  assert.equal(local?.overridePath, true);
  assert.deepEqual([server.url, server.ca], ['https://registry.test', ['ca.crt']]);
});

test('a timeout is any duration that Go can read, in whole milliseconds', () => {
  const timeoutOf = (text: string) => parseHostsFile(`dial_timeout = "${text}"`).server.dialTimeout;
  assert.deepEqual(['1m30s', '1.5ms', '200us', '0'].map(timeoutOf), [90_000, 2, 1, 0]);
});

test('a key of any name is a key', () => {
  const { hosts } = parseHostsFile('\uFEFF[host.__proto__]\n[host.constructor]\nskip_verify = true');
  assert.deepEqual(
    hosts.map(({ url, skipVerify }) => [url, skipVerify]),
    [
      ['https://__proto__', false],
      ['https://constructor', true],
    ],
  );
  assert.throws(() => parseHostsFile('__proto__ = 1'), /__proto__ is unknown/);
});

test('what is wrong is named', () => {
  const cases: [string, RegExp][] = [
    ['serve = 1', /^serve is unknown/],
    ['server = 1', /server must be a string/],
    ['server = "ftp://x"', /server "ftp:\/\/x" is no http\(s\) URL/],
    ['[host."https://u:p@x"]', /without user/],
    ['[host."https://x"]\ncapabilities = ["fly"]', /capabilities has "fly"/],
    ['[host."https://x"]\nskip_verify = 1', /host\."https:\/\/x"\.skip_verify must be true or false/],
    ['[host."https://x"]\nserver = "y"', /server is unknown/],
    ['ca = 1', /ca must be a string or a list/],
    ['client = [["a","b","c"]]', /client must be/],
    ['[header]\n"a b" = "x"', /a b is no header/],
    ['[header]\na = "x\\ny"', /a is no header/],
    ['dial_timeout = "soon"', /dial_timeout must be a duration/],
    ['dial_timeout = "-1s"', /dial_timeout must be a duration/],
    ['proxy = "ftp://x"', /proxy must be a URL/],
    ['host = 1', /host must be a table/],
    ['[host]\nx = 1', /host\."x" must be a table/],
    ['\n[', /^line 2: Invalid TOML document: /],
    ['host = 1979-05-27', /host must be a table/],
    [`a = ${'['.repeat(5000)}`, /^line 1: /],
  ];
  for (const [text, message] of cases)
    assert.throws(
      () => parseHostsFile(text),
      (error) => isKind(error, 'invalid') && message.test(error.message),
      text,
    );
});
