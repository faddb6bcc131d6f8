import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type Agent, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { Api } from '#api';
import type { Engine } from '#engine';
import { silentLogger } from '#lib/log';
import { listen } from './listeners.ts';
import { writePidfile } from './pidfile.ts';
import type { TlsFiles } from './tls.ts';

const directory = mkdtempSync(join(tmpdir(), 'berth-listen-'));
const file = (name: string) => join(directory, name);
after(() => rmSync(directory, { recursive: true }));

const emptyApi = () => new Api({ engine: {} as Engine, log: silentLogger, version: '0' });
const defaults = { group: undefined, rootless: false, tls: undefined, log: silentLogger };

function ping(options: object, secure = false): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = secure ? secureRequest : request;
    send({ path: '/_ping', agent: false as unknown as Agent, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

test('a unix socket: its mode, a stale one, a live one', async () => {
  const path = file('a/d.sock');
  const first = emptyApi();
  const listeners = await listen(first, { ...defaults, hosts: [`unix://${path}`] });
  assert.deepEqual(listeners.addresses, [`unix://${path}`]);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.equal(await ping({ socketPath: path }), 200);

  const second = emptyApi();
  await assert.rejects(listen(second, { ...defaults, hosts: [`unix://${path}`] }), {
    kind: 'conflict',
    message: `can't create unix socket ${path}: another daemon listens on it`,
  });
  listeners.removeSockets();
  assert.equal(existsSync(path), false);
  await first.close();

  // What a killed daemon leaves: a socket file that nobody listens on.
  const dead = createServer().listen(file('dead.sock'));
  await new Promise((resolve) => dead.once('listening', resolve));
  execFileSync('cp', ['-a', file('dead.sock'), file('stale.sock')]);
  dead.close();
  const again = emptyApi();
  await listen(again, { ...defaults, hosts: [`unix://${file('stale.sock')}`] });
  assert.equal(await ping({ socketPath: file('stale.sock') }), 200);
  await again.close();
});

test('several hosts, one of them tcp', async () => {
  const api = emptyApi();
  const hosts = [`unix://${file('both.sock')}`, 'tcp://127.0.0.1:0'];
  const { addresses } = await listen(api, { ...defaults, hosts });
  const port = Number(/^tcp:\/\/127\.0\.0\.1:(\d+)$/.exec(addresses[1] ?? '')?.[1]);
  assert.equal(await ping({ port }), 200);
  await api.close();
});

test('a group that was named must be there', async () => {
  const options = { ...defaults, hosts: [`unix://${file('g.sock')}`], group: 'no-such-group' };
  await assert.rejects(listen(emptyApi(), options), { message: /group no-such-group not found/ });
});

test('a port in use is named', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  await assert.rejects(listen(emptyApi(), { ...defaults, hosts: [`tcp://127.0.0.1:${port}`] }), {
    message: new RegExp(`cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`),
  });
  taken.close();
});

let tls: TlsFiles;
before(() => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', file('ca.key'), '-out', file('ca.pem'), '-subj', '/CN=ca');
  writeFileSync(file('san'), 'subjectAltName=IP:127.0.0.1\n');
  for (const name of ['server', 'client']) {
    openssl(
      'req',
      ...key,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.csr`),
      '-subj',
      `/CN=${name}`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      file(`${name}.csr`),
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-extfile',
      file('san'),
      '-out',
      file(`${name}.pem`),
    );
  }
  tls = { cert: file('server.pem'), key: file('server.key'), ca: file('ca.pem'), verify: true };
});

test('with tlsverify only a client with a certificate gets in, and may close its side alone', async () => {
  const api = emptyApi();
  const { addresses } = await listen(api, { ...defaults, tls, hosts: ['tcp://127.0.0.1:0'] });
  const port = Number(addresses[0]?.split(':').at(-1));
  const ca = readFileSync(file('ca.pem'));
  const mine = { ca, cert: readFileSync(file('client.pem')), key: readFileSync(file('client.key')) };
  assert.equal(await ping({ host: '127.0.0.1', port, ...mine }, true), 200);
  await assert.rejects(ping({ host: '127.0.0.1', port, ca }, true));

  const socket = connect({ host: '127.0.0.1', port, ...mine, allowHalfOpen: true } as object);
  socket.end('GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 200 OK[^]*OK$/);
  await api.close();
});

test('certificates that cannot be read are named', async () => {
  const missing = { ...tls, key: file('none.key') };
  await assert.rejects(listen(emptyApi(), { ...defaults, tls: missing, hosts: ['tcp://127.0.0.1:0'] }), {
    kind: 'invalid',
    message: /could not read the TLS key: .*none\.key/,
  });
});

test('a pid file is refused only while a daemon has that pid', () => {
  const path = file('run/pid');
  const mine = writePidfile(path);
  assert.equal(readFileSync(path, 'utf8'), String(process.pid));
  mine[Symbol.dispose]();
  assert.equal(existsSync(path), false);
  // Init is alive and no daemon of ours: a pid from before a reboot.
  writeFileSync(path, '1');
  writePidfile(path)[Symbol.dispose]();
  writeFileSync(path, 'nonsense');
  writePidfile(path)[Symbol.dispose]();
});
