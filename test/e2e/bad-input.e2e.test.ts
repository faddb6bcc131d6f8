import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { Daemon, type Result } from '../fixtures/daemon.ts';
import { expectFootprint, type Footprint, footprint } from '../fixtures/footprint.ts';

const daemon = Daemon.forThisFile();

// Whatever is tried here: no container, image, mount, process or half a file may be left.
let before: Footprint;
let images: string;
const blobs = () => readdirSync(join(daemon.dataRoot, 'content/blobs/sha256')).toSorted();
let content: readonly string[];
beforeEach(async () => {
  before = footprint(daemon);
  images = await daemon.ok('images', '-aq', '--no-trunc');
  content = blobs();
});
afterEach(async () => {
  await expectFootprint(daemon, before);
  assert.equal(await daemon.ok('images', '-aq', '--no-trunc'), images);
  assert.deepEqual(blobs(), content);
});

function refused(result: Result, code: number, message: RegExp): void {
  assert.match(result.stderr, message);
  assert.equal(result.code, code);
}

describe('docker run, refused', () => {
  const cases: readonly (readonly [string, readonly string[], RegExp, number?])[] = [
    ['an unknown image', ['--pull', 'never', 'nosuch'], /No such image: nosuch:latest/],
    [
      'a name that is none',
      ['--name', '-bad-', 'busybox'],
      /Invalid container name \(-bad-\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\] are allowed/,
    ],
    [
      'an image name that is none',
      ['Not/Valid'],
      /invalid reference format: repository name \(library\/Not\/Valid\|Not\/Valid\) must be lowercase|must be lowercase/,
    ],
    ['an unknown capability', ['--cap-add', 'FLY', 'busybox', 'true'], /unknown capability/i],
    [
      'a sysctl of the host',
      ['--sysctl', 'kernel.hostname=x', 'busybox', 'true'],
      /sysctl 'kernel\.hostname=x' is not allowed|kernel\.hostname/,
    ],
    ['an unknown ulimit', ['--ulimit', 'nosuch=1', 'busybox', 'true'], /invalid ulimit type: nosuch/],
    ['an unknown signal', ['--stop-signal', 'NOSUCH', 'busybox', 'true'], /invalid signal: NOSUCH/i],
    [
      'an unknown runtime',
      ['--runtime', 'nosuch', 'busybox', 'true'],
      /unknown or invalid runtime name: nosuch/,
    ],
    ['an unknown pid mode', ['--pid', 'nosuch', 'busybox', 'true'], /invalid PID mode/i],
    ['an unknown ipc mode', ['--ipc', 'nosuch', 'busybox', 'true'], /invalid IPC mode/i],
    ['too little memory', ['-m', '1m', 'busybox', 'true'], /Minimum memory limit allowed is 6MB/],
    [
      'an oom score out of range',
      ['--oom-score-adj', '5000', 'busybox', 'true'],
      /Invalid value 5000, range for oom score adj is \[-1000, 1000\]/,
    ],
    [
      'a relative working directory',
      ['-w', 'relative', 'busybox', 'true'],
      /the working directory 'relative' is invalid, it needs to be an absolute path/,
    ],
    ['an unknown volume driver', ['-v', 'data:/x', '--volume-driver', 'nosuch', 'busybox', 'true'], /nosuch/],
    [
      'an unknown container to join',
      ['--network', 'container:nosuch', 'busybox', 'true'],
      /No such container: nosuch/,
    ],
    [
      'a PID namespace of nobody',
      ['--pid', 'container:nosuch', 'busybox', 'true'],
      /No such container: nosuch/,
    ],
    ['a mount without a place', ['--mount', 'type=bind,src=/tmp', 'busybox', 'true'], /target is required/],
    ['an unknown flag', ['--nosuch', 'busybox'], /unknown flag: --nosuch/],
    ['no image', [], /requires at least 1 argument/, 1],
  ];
  for (const [what, args, message, code = 125] of cases)
    it(what, async () => {
      refused(await daemon.docker('run', '--rm', ...args), code, message);
    });

  it('a start that fails keeps the container, unless --rm, and nothing else', async () => {
    refused(
      await daemon.docker('run', '--rm', '-p', '18030:80', '-v', '/anonymous', 'busybox', 'nosuch'),
      127,
      /exec: "nosuch": executable file not found in \$PATH/,
    );
    refused(
      await daemon.docker('run', '--name', 'kept', '-p', '18030:80', 'busybox', '/etc'),
      126,
      /exec: "\/etc": (is a directory|permission denied)/,
    );
    const kept = String(await daemon.inspect('kept', '.Id'));
    await expectFootprint(daemon, { ...before, containers: [kept], snapshots: [kept] });
    await daemon.ok('rm', 'kept');
  });

  it('a name that is taken', async () => {
    const id = await daemon.ok('create', '--name', 'taken', 'busybox');
    refused(
      await daemon.docker('run', '--name', 'taken', 'busybox', 'true'),
      125,
      new RegExp(
        `Conflict\\. The container name "/taken" is already in use by container "${id}"\\. You have to remove \\(or rename\\) that container to be able to reuse that name\\.`,
      ),
    );
    const answer = await daemon.request('POST', '/v1.44/containers/create?name=taken', { Image: 'busybox' });
    assert.equal(answer.status, 409);
    await daemon.ok('rm', 'taken');
  });

  it('an interpreter that is missing', async () => {
    await daemon.ok(
      'run',
      '--name',
      'script',
      'busybox',
      'sh',
      '-c',
      'printf "#!/no/such/interpreter\\n" >/script; chmod +x /script',
    );
    await daemon.ok('commit', 'script', 'script');
    const result = await daemon.docker('run', '--rm', 'script', '/script');
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /\/script/);
    await daemon.ok('rm', 'script');
    await daemon.ok('rmi', 'script');
  });
});

describe('unknown containers and images: 404 and their name', () => {
  for (const args of [
    ['start'],
    ['stop'],
    ['kill'],
    ['restart'],
    ['pause'],
    ['unpause'],
    ['wait'],
    ['rm'],
    ['logs'],
    ['attach'],
    ['top'],
    ['stats', '--no-stream'],
    ['port'],
    ['diff'],
    ['update', '-m', '64m'],
  ])
    it(args.join(' '), async () => {
      refused(await daemon.docker(...args, 'nosuch'), 1, /No such container: nosuch/);
    });
  it('status codes', async () => {
    for (const [method, path] of [
      ['GET', '/containers/nosuch/json'],
      ['POST', '/containers/nosuch/start'],
      ['DELETE', '/containers/nosuch'],
      ['GET', '/containers/nosuch/logs?stdout=1'],
      ['GET', '/images/nosuch/json'],
      ['DELETE', '/images/nosuch'],
      ['GET', '/volumes/nosuch'],
      ['GET', '/networks/nosuch'],
      ['GET', '/no/such/page'],
    ] as const) {
      const answer = await daemon.request(method, `/v1.44${path}`);
      assert.equal(answer.status, 404, path);
      assert.equal(typeof (answer.json as { message: string }).message, 'string');
    }
  });
});

describe('requests that are none', () => {
  const create = (body: unknown, headers?: Readonly<Record<string, string>>) =>
    daemon.request('POST', '/v1.44/containers/create', body, headers);
  const message = (json: unknown) => (json as { message: string }).message;

  it('malformed JSON', async () => {
    for (const body of [
      '{"Image": ',
      'nonsense',
      '[]',
      '"text"',
      '{"Image": 7}',
      '{"Image": "busybox"} trailing',
    ]) {
      const answer = await create(body);
      assert.equal(answer.status, 400, body);
      assert.ok(message(answer.json).length > 10, answer.body);
    }
  });

  it('no body, no image, a wrong type deep inside', async () => {
    assert.equal((await daemon.request('POST', '/v1.44/containers/create')).status, 400);
    assert.equal((await create({})).status, 400);
    const deep = await create({ Image: 'busybox', HostConfig: { Memory: 'much' } });
    assert.equal(deep.status, 400);
    assert.match(message(deep.json), /Memory/);
  });

  it('a content type that is not JSON', async () => {
    const answer = await create('{"Image":"busybox"}', { 'Content-Type': 'text/plain' });
    assert.equal(answer.status, 400);
    assert.match(
      message(answer.json),
      /unsupported Content-Type header \(text\/plain\): must be 'application\/json'|Content-Type/,
    );
  });

  it('a body without end', async () => {
    const socket = connect(`${daemon.root}/s`);
    const answered = new Promise<string>((resolve) => {
      let heard = '';
      socket.on('data', (data) => {
        heard += data.toString();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(heard));
    });
    socket.write(
      'POST /v1.44/containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `100000\r\n${' '.repeat(0x100000)}\r\n`;
    const timer = setInterval(
      () => socket.writable && socket.writableLength < 2 ** 22 && socket.write(chunk),
      5,
    );
    const heard = await answered;
    clearInterval(timer);
    assert.match(heard, /^HTTP\/1\.1 4\d\d /);
  });

  it('a request that stops in the middle', async () => {
    const socket = connect(`${daemon.root}/s`);
    socket.end('POST /v1.44/images/load HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhalf a tar');
    await new Promise((resolve) => socket.on('close', resolve).resume());
    assert.equal((await daemon.request('GET', '/_ping')).status, 200);
  });

  it('garbage instead of HTTP', async () => {
    const socket = connect(`${daemon.root}/s`);
    socket.write('\x16\x03\x01 this is no HTTP\r\n\r\n');
    const heard = await buffer(socket);
    assert.match(heard.toString(), /^HTTP\/1\.1 400/);
  });

  it('filters and numbers that are none', async () => {
    assert.equal((await daemon.request('GET', '/v1.44/containers/json?filters=nonsense')).status, 400);
    assert.equal((await daemon.request('GET', '/v1.44/containers/json?limit=x')).status, 400);
    assert.equal(
      (await daemon.request('GET', '/v1.44/containers/json?filters={"nosuch":["1"]}')).status,
      400,
    );
    assert.equal((await daemon.request('GET', '/v1.44/events?since=yesterday')).status, 400);
  });

  it('a method that a page does not have', async () => {
    const answer = await daemon.request('PATCH', '/v1.44/containers/json');
    assert.ok([404, 405].includes(answer.status));
  });
});

interface Entry {
  readonly name: string;
  readonly type?: 'file' | 'link' | 'symlink' | 'directory' | 'block-device' | 'character-device';
  readonly linkname?: string;
  readonly content?: string | Buffer;
  readonly devmajor?: number;
  readonly devminor?: number;
}

async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const stream = pack();
  for (const { content = '', ...header } of entries) stream.entry(header, content);
  stream.finalize();
  return buffer(stream);
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');

/** A docker archive with one layer. */
async function archiveOf(
  layer: Buffer,
  { diffId = `sha256:${sha256(layer)}`, name = 'hostile:1' } = {},
): Promise<Buffer> {
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    config: {},
    rootfs: { type: 'layers', diff_ids: [diffId] },
  });
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]);
  return tar([
    { name: 'config.json', content: config },
    { name: 'layer.tar', content: layer },
    { name: 'manifest.json', content: manifest },
  ]);
}

const load = (archive: Buffer) => daemon.run('docker', ['load'], { input: archive });

describe('archives that are broken', () => {
  it('no archive at all', async () => {
    refused(await load(Buffer.from('this is no archive')), 1, /./);
    refused(await load(Buffer.alloc(0)), 1, /./);
    refused(await daemon.run('docker', ['import', '-', 'x'], { input: 'this is no archive' }), 1, /./);
  });

  it('one that is cut off', async () => {
    const whole = await archiveOf(await tar([{ name: 'file', content: 'x'.repeat(100_000) }]));
    refused(await load(whole.subarray(0, 60_000)), 1, /unexpected|truncated|ended|incomplete/i);
    refused(await load(gzipSync(whole).subarray(0, 300)), 1, /unexpected|truncated|ended|incomplete/i);
  });

  it('a layer that is not what the configuration says', async () => {
    const archive = await archiveOf(await tar([{ name: 'file', content: 'x' }]), {
      diffId: `sha256:${'1'.repeat(64)}`,
    });
    refused(await load(archive), 1, /digest|diff ?id|mismatch|sha256/i);
  });

  it('an archive without a manifest, with one that is none, with one that names what is missing', async () => {
    refused(await load(await tar([{ name: 'readme', content: 'hello' }])), 1, /manifest/i);
    refused(await load(await tar([{ name: 'manifest.json', content: 'nonsense' }])), 1, /manifest/i);
    refused(
      await load(
        await tar([
          { name: 'manifest.json', content: '[{"Config":"c.json","RepoTags":["a:b"],"Layers":["l.tar"]}]' },
        ]),
      ),
      1,
      /c\.json/,
    );
  });

  it('layer names that lead out of the archive', async () => {
    const manifest = (config: string) => JSON.stringify([{ Config: config, RepoTags: ['a:b'], Layers: [] }]);
    for (const name of ['../../../../etc/passwd', '/etc/passwd'])
      refused(
        await load(await tar([{ name: 'manifest.json', content: manifest(name) }])),
        1,
        /passwd|path|invalid/i,
      );
    refused(
      await load(
        await tar([
          { name: 'config.json', type: 'symlink', linkname: '/etc/passwd' },
          { name: 'manifest.json', content: manifest('config.json') },
        ]),
      ),
      1,
      /./,
    );
  });
});

describe('layers that are hostile', () => {
  const witness = () => join(daemon.root, 'witness');
  const attack = async (entries: readonly Entry[]) => {
    const result = await load(await archiveOf(await tar(entries)));
    assert.equal(existsSync(witness()), false);
    if (result.code === 0) {
      // Defused instead of refused: what was written lies inside the image.
      await daemon.ok('create', '--name', 'look', 'hostile:1', 'x');
      await daemon.ok('export', '-o', join(daemon.root, 'look.tar'), 'look');
      assert.equal(existsSync(witness()), false);
      await daemon.ok('rm', 'look');
      await daemon.ok('rmi', 'hostile:1');
    } else assert.match(result.stderr, /\S/);
  };
  const up = '../../../../../../../../../../..';

  it('.. in names', () => attack([{ name: `${up}${daemon.root}/witness`, content: 'x' }]));
  it('absolute names', () => attack([{ name: `${daemon.root}/witness`, content: 'x' }]));
  it('through a symlink', () =>
    attack([
      { name: 'out', type: 'symlink', linkname: daemon.root },
      { name: 'out/witness', content: 'x' },
    ]));
  it('through a relative symlink', () =>
    attack([
      { name: 'out', type: 'symlink', linkname: `${up}${daemon.root}` },
      { name: 'out/witness', content: 'x' },
    ]));
  it('through two symlinks', () =>
    attack([
      { name: 'a', type: 'symlink', linkname: '/' },
      { name: 'b', type: 'symlink', linkname: `a${daemon.root}` },
      { name: 'b/witness', content: 'x' },
    ]));
  it('through a directory that becomes a symlink', () =>
    attack([
      { name: 'd', type: 'directory' },
      { name: 'd', type: 'symlink', linkname: daemon.root },
      { name: 'd/witness', content: 'x' },
    ]));
  it('a symlink that is written through', () =>
    attack([
      { name: 'f', type: 'symlink', linkname: witness() },
      { name: 'f', content: 'x' },
    ]));
  it('whiteouts that lead out', async () => {
    mkdirSync(join(daemon.root, 'precious'), { recursive: true });
    writeFileSync(join(daemon.root, 'precious/file'), 'x');
    await attack([
      { name: `${up}${daemon.root}/precious/.wh.file` },
      { name: 'l', type: 'symlink', linkname: join(daemon.root, 'precious') },
      { name: 'l/.wh.file' },
      { name: 'l/.wh..wh..opq' },
      { name: '.wh...' },
    ]);
    assert.deepEqual(readdirSync(join(daemon.root, 'precious')), ['file']);
  });
  it('hard links to files of the host', async () => {
    const secret = join(daemon.root, 'secret');
    writeFileSync(secret, 'of the host');
    for (const linkname of [secret, `${up}${secret}`]) {
      const layer = await tar([{ name: 'stolen', type: 'link', linkname }]);
      const result = await load(await archiveOf(layer));
      if (result.code === 0) {
        await daemon.ok('create', '--name', 'thief', 'hostile:1', 'x');
        const got = await daemon.docker('cp', 'thief:/stolen', '-');
        assert.doesNotMatch(got.stdout, /of the host/);
        await daemon.ok('rm', 'thief');
        await daemon.ok('rmi', 'hostile:1');
      }
    }
  });

  it('a device node may be in it, and may not be used', async () => {
    const busybox = await tar([{ name: 'disk', type: 'block-device', devmajor: 254, devminor: 0 }]);
    assert.equal((await load(await archiveOf(busybox))).code, 0);
    await daemon.ok('create', '--name', 'holder', 'hostile:1', 'x');
    await daemon.ok('cp', '/bin/busybox', 'holder:/cat');
    await daemon.ok('commit', 'holder', 'hostile:2');
    const result = await daemon.docker('run', '--rm', 'hostile:2', '/cat', '/disk');
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /Operation not permitted/);
    await daemon.ok('rm', 'holder');
    await daemon.ok('rmi', 'hostile:1', 'hostile:2');
  });

  it('names that no tar should have', () =>
    attack([
      { name: `${'n'.repeat(5000)}`, content: 'x' },
      { name: 'a//b/./c', content: 'x' },
      { name: '.', type: 'directory' },
      { name: './..', type: 'directory' },
    ]));
});

describe('a bomb', () => {
  it('is stopped by the room there is, and leaves it free', async () => {
    // A file system of 64 MB for the data, and a layer of 120 MB in half a megabyte.
    const small = await Daemon.start({ disk: 64 });
    await using _ = small;
    await small.importBusybox();
    const free = () => Number(execFileSync('stat', ['-f', '-c', '%a', small.dataRoot], { encoding: 'utf8' }));
    const room = free();
    const bomb = gzipSync(await tar([{ name: 'zeros', content: Buffer.alloc(120_000_000) }]), { level: 1 });
    const result = await small.run('docker', ['import', '-', 'bomb'], { input: bomb });
    assert.equal(result.code, 1);
    assert.match(result.stderr, /no space left on device|ENOSPC/i);
    await expectFootprint(small, { ...footprint(small), snapshots: [], partialBlobs: [] });
    assert.ok(free() > room - 500, `${free()} of ${room} blocks are free`);
    assert.equal(await small.ok('run', '--rm', 'busybox', 'echo', 'still fine'), 'still fine');
  });
});
