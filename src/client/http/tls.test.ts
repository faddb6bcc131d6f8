import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client } from '../client.ts';

const directory = mkdtempSync(join(tmpdir(), 'berth-tls-'));
const file = (name: string) => join(directory, name);
const openssl = (...args: readonly string[]) =>
  execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed';

function certificate(name: string, extension: string): void {
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}-key.pem`,
    '-out',
    `${name}.csr`,
  );
  openssl(
    'req',
    '-x509',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca-key.pem',
    '-days',
    '2',
    '-addext',
    extension,
    '-out',
    `${name}.pem`,
  );
}

describe('tcp with certificates on both sides', { skip }, () => {
  let server: Server;
  before(async () => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=ca',
      '-days',
      '2',
      '-keyout',
      'ca-key.pem',
      '-out',
      'ca.pem',
    );
    certificate('server', 'subjectAltName=IP:127.0.0.1');
    certificate('client', 'extendedKeyUsage=clientAuth');
    const pem = (name: string) => readFileSync(file(name));
    const options = {
      ca: pem('ca.pem'),
      cert: pem('server.pem'),
      key: pem('server-key.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    };
    server = createServer(options, (_, response) => response.end('[]')).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server.close().closeAllConnections();
    rmSync(directory, { recursive: true });
  });
  const host = () => `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;

  it('works', async () => {
    const tls = { verify: true, ca: file('ca.pem'), cert: file('client.pem'), key: file('client-key.pem') };
    using client = new Client({ host: host(), tls });
    assert.deepEqual(await client.containers.list(), []);
  });

  it('refuses a daemon that the CA did not sign', async () => {
    using client = new Client({
      host: host(),
      tls: { verify: true, cert: file('client.pem'), key: file('client-key.pem') },
    });
    await assert.rejects(client.containers.list(), { name: 'ConnectionError' });
  });

  it('is refused without a certificate', async () => {
    using client = new Client({ host: host(), tls: { verify: true, ca: file('ca.pem') } });
    await assert.rejects(client.containers.list(), { name: 'ConnectionError' });
  });

  it('names a file that is not there', async () => {
    using client = new Client({ host: host(), tls: { verify: true, ca: file('nothing.pem') } });
    await assert.rejects(client.containers.list(), /could not read the TLS file .*nothing\.pem/);
  });
});
