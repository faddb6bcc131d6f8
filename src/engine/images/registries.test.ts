import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { Remote } from '#oci/remote';
import { DEFAULT_REGISTRIES, Registries } from './registries.ts';

test('a registry is insecure by its name, or by an address in a block', async () => {
  const registries = new Registries({
    ...DEFAULT_REGISTRIES,
    insecureRegistries: ['named:5000', '10.1.0.0/16', 'fd00::/8', '127.0.0.0/8'],
  });
  const insecure = async (domain: string) => (await registries.optionsFor(domain)).insecure;
  for (const domain of ['named:5000', '10.1.2.3', '10.1.2.3:5000', '[fd00::1]:5000', 'localhost:5000'])
    assert.equal(await insecure(domain), true, domain);
  for (const domain of ['named', 'named:5001', '10.2.0.1:5000', '[fe80::1]', 'no-such-host.invalid'])
    assert.equal(await insecure(domain), false, domain);
  registries.configure(DEFAULT_REGISTRIES);
  assert.equal(await insecure('named:5000'), false);
});

test('registries are asked through the proxy, but for those that are reached without', async () => {
  const asked: string[] = [];
  const proxy = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (data) => {
        asked.push(data.toString().split('\r\n', 1)[0] ?? '');
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const ping = async (domain: string) => {
    const registries = new Registries({
      ...DEFAULT_REGISTRIES,
      proxies: { http: url, https: url, none: 'direct.invalid' },
    });
    const options = { ...(await registries.optionsFor(domain)), retryDelay: 1 };
    await using registry = Remote.repository({ domain, path: 'x' }, options);
    await registry.ping().catch(() => {});
  };
  await ping('proxied.invalid');
  assert.ok(asked.length > 0);
  assert.match(asked[0] ?? '', /^CONNECT proxied\.invalid:443 /);
  asked.length = 0;
  await ping('direct.invalid');
  assert.deepEqual(asked, []);
  proxy.close();
});
