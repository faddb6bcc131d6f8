import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { hashSync } from 'bcryptjs';
import { digestOf } from '../../src/oci/digest/index.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';
import { RegistryServer } from '../fixtures/registry-server.ts';

// `berth registry serve`, open to ali for everything and to everybody for what lies below `open/`.
const PASSWORD = 'open sesame';
const authorization = `Basic ${Buffer.from(`ali:${PASSWORD}`).toString('base64')}`;

const server = new RegistryServer();
const auth = {
  htpasswd: server.file('users', `ali:${hashSync(PASSWORD, 4)}\n`),
  access: [
    { users: ['ali'], repositories: ['*'], rights: ['pull', 'push', 'delete'] },
    { users: ['anonymous'], repositories: ['open/*'], rights: ['pull'] },
  ],
};
const daemon = Daemon.forThisFile({}, async () => {
  await server.start({ auth });
});
after(() => server[Symbol.asyncDispose]());

const ask = (path: string, init: RequestInit = {}) =>
  fetch(new URL(path, `http://${server.host}`), {
    ...init,
    headers: { authorization, ...(init.headers as Record<string, string>) },
  });
const skopeo = (...args: readonly string[]) => server.run('skopeo', '--insecure-policy', ...args);
const named = (name: string) => `docker://${server.host}/${name}`;
const digestIn = async (name: string, tag: string): Promise<string> => {
  const answer = await ask(`/v2/${name}/manifests/${tag}`, { method: 'HEAD' });
  assert.equal(answer.status, 200);
  return answer.headers.get('docker-content-digest') ?? '';
};

describe('what one client pushes every other pulls', () => {
  it('the docker CLI, through berthd', async () => {
    const image = `${server.host}/open/app:v1`;
    await daemon.ok('tag', 'busybox', image);
    assert.match((await daemon.docker('push', image)).stderr, /denied|unauthorized|authentication required/);
    await daemon.okWith(PASSWORD, 'login', '-u', 'ali', '--password-stdin', server.host);
    const pushed = await daemon.ok('push', image);
    assert.ok(pushed.includes(await digestIn('open/app', 'v1')));
    assert.match(await daemon.ok('push', image), /Layer already exists/);
    await daemon.ok('logout', server.host);
    await daemon.ok('rmi', image);
    // Everybody may.
    await daemon.ok('pull', image);
    assert.equal(await daemon.ok('run', '--rm', image, 'echo', 'pulled'), 'pulled');
  });

  it('skopeo: out, in again, under another name, several platforms at once', async () => {
    const layout = `oci:${server.directory}/layout:v1`;
    await skopeo('copy', '-q', '--src-tls-verify=false', named('open/app:v1'), layout);
    const creds = ['--dest-tls-verify=false', '--dest-creds', `ali:${PASSWORD}`];
    await skopeo('copy', '-q', '--preserve-digests', ...creds, layout, named('team/deep/er/app:copy'));
    assert.equal(await digestIn('team/deep/er/app', 'copy'), await digestIn('open/app', 'v1'));
    await skopeo('copy', '-q', '--format=v2s2', ...creds, layout, named('team/docker:v2s2'));
    const tags = await skopeo('list-tags', '--tls-verify=false', named('open/app'));
    assert.deepEqual((JSON.parse(tags) as { Tags: string[] }).Tags, ['v1']);
    await assert.rejects(
      skopeo('inspect', '--tls-verify=false', named('team/docker:v2s2')),
      /unauthorized|authentication/,
    );
  });

  it('podman and buildah', async () => {
    const storage = (name: string) => [
      '--root',
      join(server.directory, name),
      '--runroot',
      join(server.directory, `${name}-run`),
      '--storage-driver',
      'vfs',
    ];
    const access = ['-q', '--tls-verify=false', '--creds', `ali:${PASSWORD}`];
    const podman = (...args: readonly string[]) => server.run('podman', ...storage('podman'), ...args);
    await podman('pull', ...access, `${server.host}/team/docker:v2s2`);
    await podman('tag', `${server.host}/team/docker:v2s2`, `${server.host}/team/podman:1`);
    await podman('push', ...access, `${server.host}/team/podman:1`);
    const buildah = (...args: readonly string[]) => server.run('buildah', ...storage('podman'), ...args);
    const container = await buildah('from', ...access, `${server.host}/team/podman:1`);
    await buildah('config', '--label', 'by=buildah', container);
    await buildah('commit', '-q', container, `${server.host}/team/buildah:1`);
    await buildah('push', ...access, `${server.host}/team/buildah:1`);
    const inspected = await skopeo(
      'inspect',
      '--tls-verify=false',
      '--creds',
      `ali:${PASSWORD}`,
      named('team/buildah:1'),
    );
    assert.equal((JSON.parse(inspected) as { Labels: Record<string, string> }).Labels['by'], 'buildah');
    await daemon.okWith(PASSWORD, 'login', '-u', 'ali', '--password-stdin', server.host);
    assert.equal(await daemon.ok('run', '--rm', `${server.host}/team/buildah:1`, 'echo', 'built'), 'built');
  });
});

describe('kill -9', () => {
  const half = Buffer.alloc(4 << 20, 'half ');
  const rest = Buffer.from('the rest');

  /** Sends half of a chunk and stays. */
  async function sendHalf(at: string): Promise<ClientRequest> {
    const sent = request(new URL(at, `http://${server.host}`), {
      method: 'PATCH',
      headers: { authorization, 'content-length': half.length + rest.length },
    });
    sent.on('error', () => {});
    await new Promise((resolve) => sent.write(half, resolve));
    return sent;
  }
  const arrived = async (at: string): Promise<number> => {
    const range = (await ask(at)).headers.get('range') ?? '';
    return Number(range.split('-')[1]) + 1;
  };

  it('in the middle of an upload: it goes on where it was, and what was there is there', async () => {
    const before = await digestIn('open/app', 'v1');
    const at =
      (await ask('/v2/team/killed/blobs/uploads/', { method: 'POST' })).headers.get('location') ?? '';
    await sendHalf(at);
    while ((await arrived(at)) < 1 << 20);
    await server.kill();
    await server.start({ auth });
    const offset = await arrived(at);
    assert.ok(offset >= 1 << 20 && offset <= half.length, String(offset));
    const whole = Buffer.concat([half, rest]);
    const digest = digestOf(whole);
    assert.equal((await ask(`/v2/team/killed/blobs/${digest}`, { method: 'HEAD' })).status, 404);
    const done = await ask(`${at}?digest=${digest}`, { method: 'PUT', body: whole.subarray(offset) });
    assert.equal(done.status, 201);
    await server.kill();
    await server.start({ auth });
    const read = await ask(`/v2/team/killed/blobs/${digest}`);
    assert.equal(digestOf(Buffer.from(await read.arrayBuffer())), digest);
    assert.equal(await digestIn('open/app', 'v1'), before);
  });
});

it('kill -9 in the middle of collections: what has a tag is whole', async () => {
  const gc = { interval: '1ms', grace: '0', untagged: 'remove' };
  const push = (tag: string) =>
    skopeo(
      'copy',
      '-q',
      '--dest-tls-verify=false',
      '--dest-creds',
      `ali:${PASSWORD}`,
      `oci:${server.directory}/layout:v1`,
      named(`team/gc:${tag}`),
    );
  await server.kill('SIGTERM');
  for (const round of ['1', '2']) {
    await server.start({ auth, gc: { ...gc, interval: '0' } });
    await push(round);
    const digest = await digestIn('team/docker', 'v2s2').catch(() => undefined);
    if (digest) await ask(`/v2/team/docker/manifests/${digest}`, { method: 'DELETE' });
    await server.kill();
    await server.start({ auth, gc });
    await ask('/v2/_catalog');
    await server.kill();
  }
  await server.start({ auth });
  for (const name of ['team/gc:2', 'team/podman:1', 'team/buildah:1', 'open/app:v1'])
    await skopeo(
      'copy',
      '-q',
      '--src-tls-verify=false',
      '--src-creds',
      `ali:${PASSWORD}`,
      named(name),
      `dir:${server.directory}/out`,
    );
});

it("Debian's docker-registry behind it: its images come through", async () => {
  await using debian = await Registry.start();
  await debian.fill(`oci:${server.directory}/layout:v1`, 'team/upstream:v1');
  await server.kill('SIGTERM');
  await server.start({ auth, upstreams: [{ prefix: 'open/deb/', url: `http://${debian.host}` }] });
  const image = `${server.host}/open/deb/team/upstream:v1`;
  await daemon.ok('pull', image);
  assert.equal(await daemon.ok('run', '--rm', image, 'echo', 'through'), 'through');
  assert.equal(await digestIn('open/deb/team/upstream', 'v1'), await digestIn('open/app', 'v1'));
});

it('TLS, and an end in good order; other tools read what is on the disk', async () => {
  const [key, cert] = [join(server.directory, 'key.pem'), join(server.directory, 'cert.pem')];
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...names], {
    stdio: 'ignore',
  });
  assert.equal(await server.kill('SIGTERM'), 0);
  await server.start({ auth, tls: { key, cert } });
  const challenge = await server.run('curl', '-s', '-i', '--cacert', cert, `https://${server.host}/v2/`);
  assert.match(challenge, /401[^]*realm="https:\/\/127\.0\.0\.1:\d+\/token"/);
  const login = ['-s', '--cacert', cert, '-u', `ali:${PASSWORD}`];
  const catalog = await server.run('curl', ...login, `https://${server.host}/v2/_catalog`);
  assert.ok((JSON.parse(catalog) as { repositories: string[] }).repositories.includes('team/deep/er/app'));
  assert.equal(await server.kill('SIGTERM'), 0);
  const index = JSON.parse(readFileSync(join(server.root, 'index.json'), 'utf8')) as { manifests: object[] };
  assert.ok(index.manifests.length >= 4);
  const inspected = await skopeo('inspect', `oci:${server.root}:open/app:v1`);
  assert.ok(JSON.parse(inspected));
});
