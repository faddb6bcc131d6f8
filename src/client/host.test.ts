import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseHost } from './host.ts';

describe('parseHost', () => {
  it('reads every kind of address', () => {
    assert.deepEqual(parseHost('unix:///run/x.sock'), {
      kind: 'unix',
      path: '/run/x.sock',
      url: 'unix:///run/x.sock',
    });
    assert.deepEqual(parseHost('tcp://10.0.0.1:2375'), {
      kind: 'tcp',
      address: '10.0.0.1',
      port: 2375,
      prefix: '',
      secure: false,
      url: 'tcp://10.0.0.1:2375',
    });
    assert.deepEqual(parseHost('ssh://me@host:22/run/b.sock'), {
      kind: 'ssh',
      destination: 'me@host',
      port: 22,
      path: '/run/b.sock',
      url: 'ssh://me@host:22/run/b.sock',
    });
  });

  it('fills in ports as Docker does', () => {
    const port = (text: string, tls = false) => {
      const host = parseHost(text, { tls });
      return host.kind === 'tcp' ? host.port : undefined;
    };
    assert.equal(port('tcp://host'), 2375);
    assert.equal(port('tcp://host', true), 2376);
    assert.equal(port('https://host'), 2376);
    assert.equal(port('host:1234'), 1234);
    assert.equal(port('tcp://[::1]:99'), 99);
    assert.equal(port('tcp://:99'), 99);
  });

  it('keeps a prefix and takes brackets off an IPv6 address', () => {
    const host = parseHost('http://[fe80::1]:80/a/b/');
    assert.ok(host.kind === 'tcp');
    assert.deepEqual([host.address, host.prefix], ['fe80::1', '/a/b']);
  });

  for (const bad of [
    'foo://x',
    'unix://',
    'tcp://host:99999',
    'tcp://a b',
    'ssh://',
    'ssh://-oProxyCommand=x',
    'unix://unix://x',
    'tcp://host:0',
    'ssh://host/x;reboot',
  ]) {
    it(`refuses ${bad}`, () => assert.throws(() => parseHost(bad), { kind: 'invalid' }));
  }

  it('never throws anything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.webUrl(), fc.stringMatching(/^(ssh|tcp|unix|https?):\/\/.*$/)),
        (text) => {
          try {
            parseHost(text);
          } catch (error) {
            assert.equal((error as { kind?: string }).kind, 'invalid');
          }
        },
      ),
    );
  });
});
