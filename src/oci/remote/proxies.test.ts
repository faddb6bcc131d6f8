import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from './proxies.ts';

test('hosts are reached by the proxy of their scheme, but for those that are named', () => {
  const none =
    'example.com, .sub.test,*.star.test,10.0.0.0/8,192.0.2.1,fd00::/8,[2001:db8::1]:5000,port.test:8443,';
  const proxies = { http: 'plain:3128', https: 'https://secure:1', none };
  const of = (url: string) => proxyFor(new URL(url), proxies);
  assert.equal(of('http://registry.test/'), 'http://plain:3128');
  assert.equal(of('https://registry.test/'), 'https://secure:1');
  for (const url of [
    'http://example.com',
    'https://a.example.com:5000',
    'https://EXAMPLE.com',
    'http://a.sub.test',
    'http://b.star.test',
    'https://10.1.2.3',
    'https://192.0.2.1:5000',
    'https://[fd00::5]',
    'https://[2001:db8::1]:5000',
    'https://port.test:8443',
    'https://localhost',
    'http://127.0.0.5:5000',
    'http://[::1]',
  ])
    assert.equal(of(url), undefined, url);
  for (const url of [
    'https://notexample.com',
    'https://sub.test',
    'https://11.1.2.3',
    'https://[fe80::1]',
    'https://port.test',
    'https://[2001:db8::2]:5000',
  ])
    assert.equal(of(url), 'https://secure:1', url);
  assert.equal(proxyFor(new URL('http://x.test'), { ...proxies, none: '*' }), undefined);
  assert.equal(proxyFor(new URL('http://x.test'), { ...proxies, http: '' }), undefined);
  assert.equal(proxyFor(new URL('http://x.test'), undefined), undefined);
});
