import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { isKind } from '#lib/errors';
import { parseReference } from '#oci/reference';
import { type RegistryHost, Remote } from '#oci/remote';
import { DEFAULT_REGISTRIES, Registries } from './registries.ts';
import { reachedBy } from './registry-directory.ts';
import { ServedRegistry } from './served-registry.fixture.ts';

const home = mkdtempSync(join(tmpdir(), 'berth-certs-'));
after(() => rmSync(home, { recursive: true }));

const write = (directory: string, files: Record<string, string | Buffer>) => {
  mkdirSync(directory, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
};

test('the first directory with something of the registry counts, and the name with a port is found both ways', async () => {
  const [a, b] = [join(home, 'a'), join(home, 'b')];
  write(join(a, 'one.test'), {});
  write(join(b, 'one.test'), { 'x.crt': 'B' });
  write(join(a, 'two.test:5000'), { '2.crt': '2', '1.crt': '1', 'c.cert': 'C', 'c.key': 'K', other: '' });
  write(join(a, 'three.test_5000_'), { 'x.crt': '3' });
  const text = ({ ca, cert, key }: { ca?: unknown; cert?: unknown; key?: unknown }) =>
    [ca, cert, key].map((value) => value && String(value));
  const of = (domain: string) => reachedBy([a, b], domain, false);
  assert.deepEqual(text(await of('one.test')), ['B\n', undefined, undefined]);
  assert.deepEqual(text(await of('two.test:5000')), ['1\n2\n', 'C', 'K']);
  assert.deepEqual(text(await of('three.test:5000')), ['3\n', undefined, undefined]);
  assert.deepEqual(await of('none.test'), {});
  write(join(a, 'bad.test'), { 'c.cert': 'C' });
  await assert.rejects(of('bad.test'), /missing key c\.key for client certificate c\.cert/);
  write(join(a, 'worse.test'), { 'c.key': 'C' });
  await assert.rejects(of('worse.test'), /missing client certificate c\.cert for key c\.key/);
});

test('hosts.toml: its files are beside it, _default is for all others, and no credentials are for everybody', async () => {
  const root = join(home, 'hosts');
  write(join(root, 'r.test'), {
    'hosts.toml': '[host."https://m.test"]\ncapabilities=["pull"]\nca = "m.crt"\nclient = "c.pem"\n',
    'm.crt': 'M',
    'c.pem': 'C',
  });
  write(join(root, '_default'), { 'hosts.toml': 'server = "https://all.test"' });
  const { hosts = [], server } = await reachedBy([root], 'r.test', true);
  const [mirror] = hosts;
  assert.deepEqual([mirror?.url, String(mirror?.ca), String(mirror?.key)], ['https://m.test', 'M\n', 'C']);
  assert.deepEqual([mirror?.trusted, mirror?.insecure], [false, false]);
  assert.deepEqual([server?.url, server?.trusted, server?.insecure], ['https://r.test', true, true]);
  const other = await reachedBy([root], 'docker.io', false);
  assert.deepEqual([other.server?.url, other.server?.trusted], ['https://all.test', false]);
  write(join(root, 'bad.test'), { 'hosts.toml': '\nca = "missing.crt"' });
  await assert.rejects(
    reachedBy([root], 'bad.test', false),
    (error) =>
      isKind(error, 'invalid') && /bad\.test\/hosts\.toml: .*missing\.crt.*ENOENT/.test(error.message),
  );
});

test('a mirror of any registry is asked for what it is trusted with, told whose image, and shown no secrets', async (context) => {
  const [mirror, registry] = [await ServedRegistry.start(context), await ServedRegistry.start(context)];
  const image = registry.image([], 'v1');
  mirror.image([], 'v1');
  const seen: (string | undefined)[] = [];
  mirror.answers.set('GET /sub/v2/app/manifests', ({ headers, url }, response) => {
    seen.push(url, headers.authorization, String(headers['x-own']));
    response.writeHead(404).end();
  });
  mirror.answers.set('GET /sub/v2/', (_, response) => response.end());
  const root = join(home, 'mirror');
  const file = join(root, registry.host);
  const hosts = (capabilities: string) =>
    write(file, {
      'hosts.toml': `[host."http://${mirror.host}/sub/v2"]\ncapabilities = [${capabilities}]\n[host."http://${mirror.host}/sub/v2".header]\nx-own = "mine"\n`,
    });
  const registries = new Registries({ ...DEFAULT_REGISTRIES, directories: [root] });
  const open = async () =>
    Remote.repository(parseReference(`${registry.host}/app`), {
      ...(await registries.optionsFor(registry.host)),
      auth: { registryToken: 'secret' },
    });
  hosts('"pull"');
  await using puller = await open();
  assert.equal((await puller.manifest('v1')).descriptor.digest, image.digest);
  assert.deepEqual(seen, []);
  assert.equal((await puller.manifest(image.digest)).descriptor.digest, image.digest);
  assert.deepEqual(seen, [
    `/sub/v2/app/manifests/${image.digest}?ns=${encodeURIComponent(registry.host)}`,
    undefined,
    'mine',
  ]);
  hosts('"pull", "resolve"');
  await using resolver = await open();
  assert.equal((await resolver.manifest('v1')).descriptor.digest, image.digest);
  assert.equal(seen.length, 6);
  write(file, { 'hosts.toml': 'capabilities = ["pull"]' });
  await using readOnly = await open();
  await assert.rejects(readOnly.hasBlob(image.digest), /is configured to be capable of "push"/);
  // Headers are for the host alone, as the credentials are.
  write(file, { 'hosts.toml': '[header]\nx-own = "mine"\n' });
  registry.answers.set('GET /v2/app/manifests/moved', (_, response) =>
    response.writeHead(307, { location: `http://${mirror.host}/sub/v2/app/manifests/moved` }).end(),
  );
  seen.length = 0;
  await using redirected = await open();
  await assert.rejects(redirected.manifest('moved'), (error) => isKind(error, 'not-found'));
  assert.deepEqual(seen, ['/sub/v2/app/manifests/moved', undefined, 'undefined']);
});

test('a host that overrides the path has its API there', async (context) => {
  const registry = await ServedRegistry.start(context);
  registry.answers.set('GET /api', ({ url }, response) =>
    response.writeHead(url === '/api/?ns=r.test' ? 200 : 404).end(),
  );
  const host: RegistryHost = {
    url: `http://${registry.host}/api`,
    capabilities: new Set(['pull', 'resolve']),
    insecure: false,
    overridePath: true,
  };
  await using repository = Remote.repository(parseReference('r.test/app'), { server: host });
  await assert.rejects(repository.manifest('v1'), (error) => isKind(error, 'not-found'));
  assert.deepEqual(registry.log, ['GET /api/?ns=r.test', 'GET /api/app/manifests/v1?ns=r.test']);
});

test('a registry behind a certificate of our own, which wants one of us', async () => {
  const pki = join(home, 'pki');
  mkdirSync(pki);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: pki, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-x509'];
  const name = (cn: string) => ['-subj', `/CN=${cn}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.crt', ...name('server'));
  openssl('req', ...key, '-keyout', 'client.key', '-out', 'client.cert', ...name('client'));
  const read = (file: string) => readFileSync(join(pki, file));
  const server = createTlsServer(
    {
      key: read('server.key'),
      cert: read('server.crt'),
      ca: read('client.cert'),
      requestCert: true,
      rejectUnauthorized: false,
    },
    ({ socket }, response) => response.writeHead((socket as TLSSocket).authorized ? 200 : 403).end(),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const root = join(home, 'tls');
  const registries = new Registries({ ...DEFAULT_REGISTRIES, directories: [root] });
  const ping = async () => {
    const { ca, cert, key: own } = await registries.optionsFor(host);
    const capabilities = new Set(['pull'] as const);
    const endpoint: RegistryHost = {
      url: `https://${host}`,
      capabilities,
      insecure: false,
      ca,
      cert,
      key: own,
    };
    await using registry = Remote.repository({ domain: host, path: 'x' }, { server: endpoint });
    await registry.ping();
  };
  await assert.rejects(ping(), /tls: failed to verify certificate/);
  cpSync(join(pki, 'server.crt'), join(root, host, 'ca.crt'));
  await assert.rejects(ping(), (error) => isKind(error, 'forbidden'));
  cpSync(join(pki, 'client.cert'), join(root, host, 'me.cert'));
  cpSync(join(pki, 'client.key'), join(root, host, 'me.key'));
  await ping();
  server.closeAllConnections();
  server.close();
});
