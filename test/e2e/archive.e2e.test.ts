import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { Daemon } from '../fixtures/daemon.ts';

// The archive endpoints themselves; `docker cp` is in filesystem.e2e.test.ts.

const SCRIPT = `
mkdir -p /tree/sub /other; echo one >/tree/file; echo deep >/tree/sub/deep; chmod 640 /tree/file
ln -s file /tree/near; ln -s /other /tree/away; ln -s ../../../../../etc/hostname /tree/up; ln -s loop /tree/loop
`;
const STATES = ['running', 'paused', 'stopped'] as const;

const daemon = Daemon.forThisFile({}, async (daemon) => {
  for (const name of STATES)
    await daemon.ok('run', '-d', '--name', name, 'busybox', 'sh', '-c', `${SCRIPT}exec sleep 600`);
  for (const name of STATES)
    await daemon.ok('exec', name, 'sh', '-c', 'until [ -L /tree/loop ]; do sleep .1; done');
  await daemon.ok('pause', 'paused');
  await daemon.ok('stop', '-t', '0', 'stopped');
});

interface Stat {
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly linkTarget: string;
}

const address = (container: string, path: string, more = '') =>
  `/containers/${container}/archive?path=${encodeURIComponent(path)}${more}`;
const statOf = (header: unknown) => JSON.parse(Buffer.from(String(header), 'base64').toString()) as Stat;
const head = async (container: string, path: string) => {
  const { status, headers } = await daemon.request('HEAD', address(container, path));
  return { status, stat: status === 200 ? statOf(headers['x-docker-container-path-stat']) : undefined };
};

/** The bytes of an answer, which are no text. */
function get(path: string, accept: string): Promise<{ encoding: string | undefined; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    encoding: string | undefined;
    body: Buffer;
  }>();
  const options = { socketPath: `${daemon.root}/s`, path, headers: { 'Accept-Encoding': accept } };
  httpRequest(options, (response) => {
    const encoding = response.headers['content-encoding'];
    buffer(response).then((body) => resolve({ encoding, body }), reject);
  })
    .on('error', reject)
    .end();
  return promise;
}

const names = (tar: Buffer) =>
  execFileSync('tar', ['-t'], { input: tar, encoding: 'utf8' }).trim().split('\n');

let made = 0;
/** A tar with one file. */
function tarOf(name: string, content: string): Buffer {
  const directory = join(daemon.root, `tar${made++}`);
  mkdirSync(directory);
  writeFileSync(join(directory, name), content);
  return execFileSync('tar', ['-C', directory, '-c', name]);
}

for (const container of STATES)
  describe(`the archive of a ${container} container`, () => {
    it('HEAD tells what is there; links are not followed, and lead nowhere outside', async () => {
      const file = await head(container, '/tree/file');
      assert.deepEqual([file.status, file.stat?.name, file.stat?.size], [200, 'file', 4]);
      assert.equal((file.stat?.mode ?? 0) & 0o777, 0o640);
      // Go's bit for a directory.
      const directory = await head(container, '/tree/sub/');
      assert.ok(((directory.stat?.mode ?? 0) & (2 ** 31)) !== 0);
      assert.equal((await head(container, '/tree/near')).stat?.linkTarget, '/tree/file');
      assert.equal((await head(container, '/tree/away')).stat?.linkTarget, '/other');
      assert.equal((await head(container, '/tree/up')).stat?.linkTarget, '/etc/hostname');
      assert.equal((await head(container, '/tree/away/')).stat?.linkTarget, '');
      for (const missing of ['/tree/nosuch', '/tree/file/', '/tree/loop/x'])
        assert.equal((await head(container, missing)).status, 404, missing);
      assert.equal((await daemon.request('HEAD', `/containers/${container}/archive`)).status, 400);
      assert.equal((await head('nosuch', '/')).status, 404);
    });

    it('GET is a tar, in the encoding that the client likes best', async () => {
      const plain = await get(address(container, '/tree/sub'), '');
      assert.equal(plain.encoding, undefined);
      assert.deepEqual(names(plain.body), ['sub/', 'sub/deep']);
      const gzipped = await get(address(container, '/tree/sub'), 'gzip, deflate');
      assert.equal(gzipped.encoding, 'gzip');
      assert.ok(gunzipSync(gzipped.body).equals(plain.body));
      const deflated = await get(address(container, '/tree/sub'), 'deflate, gzip;q=0.1');
      assert.equal(deflated.encoding, 'deflate');
      assert.ok(inflateRawSync(deflated.body).equals(plain.body));
      assert.equal((await get(address(container, '/tree/sub'), 'identity')).encoding, undefined);
      const through = await get(address(container, '/tree/away/.'), '');
      assert.deepEqual(names(through.body), ['./']);
      assert.equal((await daemon.request('GET', address(container, '/nosuch'))).status, 404);
    });

    it('PUT unpacks it, compressed in any way, through links that stay inside', async () => {
      const put = (path: string, body: Buffer, more = '') =>
        daemon.request('PUT', address(container, path, more), body, { 'Content-Type': 'application/x-tar' });
      const read = async (path: string) => {
        const { body } = await get(address(container, path), '');
        return execFileSync('tar', ['-xO'], { input: body, encoding: 'utf8' });
      };
      for (const program of ['cat', 'gzip', 'bzip2', 'xz', 'zstd']) {
        const tar = tarOf(program, `by ${program}`);
        const body = program === 'cat' ? tar : execFileSync(program, ['-c'], { input: tar });
        assert.deepEqual(
          [(await put('/tree', body)).status, await read(`/tree/${program}`)],
          [200, `by ${program}`],
        );
      }
      assert.equal((await put('/tree/away', tarOf('arrived', 'x'))).status, 200);
      assert.equal(await read('/other/arrived'), 'x');
      const broken = execFileSync('gzip', ['-c'], { input: tarOf('half', 'x') }).subarray(0, 60);
      const refused = await put('/tree', broken);
      assert.equal(refused.status, 400);
      assert.match(refused.body, /damaged or truncated/);
      assert.equal((await put('/tree', Buffer.from('no tar at all'.repeat(100)))).status, 400);
      assert.equal((await put('/tree/file', tarOf('a', 'x'))).status, 400);
      assert.equal((await put('/nosuch', tarOf('a', 'x'))).status, 404);
      const over = await put('/tree', tarOf('sub', 'a file'), '&noOverwriteDirNonDir=1');
      assert.equal(over.status, 400);
      assert.match(over.body, /cannot overwrite directory/);
      assert.equal(await read('/tree/sub/deep'), 'deep\n');
    });
  });

it('a running container sees at once what was put into it', async () => {
  const body = tarOf('seen', 'by its processes');
  await daemon.request('PUT', address('running', '/tree'), body, { 'Content-Type': 'application/x-tar' });
  assert.equal(await daemon.ok('exec', 'running', 'cat', '/tree/seen'), 'by its processes');
  assert.equal(await daemon.inspect('paused', '.State.Status'), 'paused');
});

it('copyUIDGID gives what is put to the user of the container', async () => {
  await daemon.ok('create', '--name', 'owned', '-u', '33:44', 'busybox');
  const body = tarOf('mine', 'x');
  await daemon.request('PUT', address('owned', '/', '&copyUIDGID=1'), body, {
    'Content-Type': 'application/x-tar',
  });
  const { body: tar } = await get(address('owned', '/mine'), '');
  assert.match(
    execFileSync('tar', ['-tv', '--numeric-owner'], { input: tar, encoding: 'utf8' }),
    /^-rw\S+ 33\/44 /,
  );
  await daemon.ok('rm', 'owned');
});

it('a part of a volume is seen as the container sees it, stopped or not', async () => {
  await daemon.ok(
    'run',
    '--rm',
    '-v',
    'parts:/v',
    'busybox',
    'sh',
    '-c',
    'mkdir /v/sub; echo x >/v/sub/file',
  );
  const mount = 'type=volume,src=parts,dst=/p,volume-subpath=sub';
  await daemon.ok('create', '--name', 'part', '--mount', mount, 'busybox', 'sleep', '600');
  await daemon.ok('cp', 'part:/p/file', join(daemon.root, 'stopped-part'));
  await daemon.ok('start', 'part');
  await daemon.ok('cp', 'part:/p/file', join(daemon.root, 'running-part'));
  assert.equal(readFileSync(join(daemon.root, 'stopped-part'), 'utf8'), 'x\n');
  assert.equal(readFileSync(join(daemon.root, 'running-part'), 'utf8'), 'x\n');
  assert.equal(existsSync(join(daemon.dataRoot, 'volumes/parts/_data/sub/file')), true);
  await daemon.ok('rm', '-f', 'part');
  await daemon.ok('volume', 'rm', 'parts');
});
