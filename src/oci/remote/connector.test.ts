import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Connector } from './connector.ts';

async function address(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a proxy that hangs up is a failure, not a reason to ask it for ever', async () => {
  let tunnels = 0;
  const server = createServer().on('connect', (_request, socket) => {
    tunnels++;
    socket.destroy();
  });
  const proxy = `http://${await address(server)}`;
  await using connector = new Connector({ insecure: false, proxy });
  const url = new URL('https://r.invalid/v2/');
  const { undici, agent } = await connector.for(url);
  const asking = undici.request(url, { dispatcher: agent });
  await assert.rejects(asking, { code: 'ECONNRESET', message: /the proxy made no tunnel/ });
  server.close();
  assert.equal(tunnels, 1);
});

test('plain HTTP asks the proxy for the URL, TLS for a tunnel; its user and password are told', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
    response.end('here');
  }).on('connect', (request, socket) => {
    asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await using connector = new Connector({
    insecure: false,
    proxy: `http://user:pass@${await address(server)}`,
  });
  const ask = async (text: string) => {
    const { undici, agent } = await connector.for(new URL(text));
    const { body } = await undici.request(text, { dispatcher: agent });
    return body.text();
  };
  assert.equal(await ask('http://r.invalid:5000/v2/?n=1'), 'here');
  await assert.rejects(ask('https://r.invalid/v2/'), /Proxy response \(403\)/);
  server.close();
  const credentials = `Basic ${Buffer.from('user:pass').toString('base64')}`;
  assert.deepEqual(asked, [
    `GET http://r.invalid:5000/v2/?n=1 ${credentials}`,
    `CONNECT r.invalid:443 ${credentials}`,
  ]);
});
