import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { buildContexts } from '../fixtures/build-context.ts';
import { Daemon, type Result } from '../fixtures/daemon.ts';
import { perl } from '../fixtures/perl.ts';

// Debian's docker CLI (20.10) has BuildKit's client built in: it opens a session, and is asked for what a build needs.
const CLIENT = '/usr/bin/docker';
const daemon = Daemon.forThisFile();
const context = buildContexts();

const build = (args: readonly string[], input?: string | Buffer): Promise<Result> =>
  daemon.run(CLIENT, ['build', '--progress=plain', ...args], {
    env: { DOCKER_BUILDKIT: '1' },
    timeout: 120_000,
    ...(input !== undefined && { input }),
  });

async function built(args: readonly string[], input?: string | Buffer): Promise<string> {
  const { code, stdout, stderr } = await build(args, input);
  assert.equal(code, 0, stdout + stderr);
  return stdout + stderr;
}

const shell = (image: string, script: string) => daemon.ok('run', '--rm', image, 'sh', '-c', script);

describe('docker build with BuildKit, over a session', () => {
  it('asks the client for its files, but for those it is told to leave out', async () => {
    const big = 'x'.repeat(3 * 2 ** 20);
    const files = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`many/${i}`, `file ${i}`]));
    const root = context({
      ...files,
      big,
      empty: '',
      'ignored.log': 'no',
      '.dockerignore': '*.log',
      Dockerfile: 'FROM busybox\nCOPY . /x\nRUN echo "in the step $(ls /x/many | wc -l)"\n',
    });
    symlinkSync('big', join(root, 'link'));
    const output = await built(['-t', 'files', root]);
    assert.match(output, /\[internal\] load build definition/);
    assert.match(output, /in the step 600/);
    assert.match(output, /DONE/);
    assert.equal(
      await shell('files', 'ls /x/*.log 2>/dev/null; readlink /x/link; wc -c < /x/big'),
      `big\n${big.length}`,
    );
    assert.equal(await shell('files', 'cat /x/many/599; cat /x/empty'), 'file 599');
    assert.match(await built([root]), /CACHED/);
  });

  it('asks for a secret when a step needs it, and leaves it nowhere', async () => {
    const root = context({
      Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=s,required wc -c < /run/secrets/s > /n\n',
      s: 'a secret of 24 characters',
    });
    await built(['-t', 'secret', '--secret', `id=s,src=${root}/s`, root]);
    assert.equal(await shell('secret', 'cat /n; ls -A /run/secrets 2>/dev/null; true'), '25');
    const without = await build([root, '--no-cache']);
    assert.equal(without.code, 1);
    assert.match(without.stderr, /secret/);
  });

  it('takes a Dockerfile of another directory, from standard input, and an archive', async () => {
    const root = context({ a: 'from the context' });
    const apart = context({
      'My.Dockerfile': 'FROM busybox\nCOPY a /a\n',
      'My.Dockerfile.dockerignore': 'b',
    });
    writeFileSync(join(root, 'b'), 'left out');
    await built(['-t', 'apart', '-f', join(apart, 'My.Dockerfile'), root]);
    assert.equal(await shell('apart', 'cat /a'), 'from the context');
    await built(['-t', 'stdin', '-'], 'FROM busybox\nRUN echo piped > /p\n');
    assert.equal(await shell('stdin', 'cat /p'), 'piped');
    writeFileSync(join(root, 'Dockerfile'), 'FROM busybox\nCOPY b /b\n');
    const { stdout } = await daemon.run('sh', ['-c', `tar -C ${root} -c . | base64`]);
    await built(['-t', 'tar', '-'], Buffer.from(stdout, 'base64'));
    assert.equal(await shell('tar', 'cat /b'), 'left out');
  });

  it('writes a directory and an archive where the client wants them', async () => {
    const root = context({
      Dockerfile:
        'FROM busybox AS made\nRUN mkdir -p /out/d && cd /out && echo of it > d/file && ln d/file hard && ln -s d/file soft && chmod 4750 d/file && truncate -s 5M holes && echo end >> holes\nFROM scratch\nCOPY --from=made /out/ /\n',
      'there/before': 'stays',
    });
    await built(['--target', 'made', '-o', join(root, 'there'), root]);
    const there = (path: string) => join(root, 'there', path);
    assert.equal(readFileSync(there('out/d/file'), 'utf8'), 'of it\n');
    assert.equal(readlinkSync(there('out/soft')), 'd/file');
    assert.equal(statSync(there('out/hard')).ino, statSync(there('out/d/file')).ino);
    assert.equal(statSync(there('out/hard')).mode & 0o7777, 0o4750);
    assert.equal(statSync(there('out/holes')).size, 5 * 2 ** 20 + 4);
    assert.equal(readFileSync(there('before'), 'utf8'), 'stays');
    const { stdout } = await daemon.run('sh', ['-c', `${CLIENT} build -o - ${root} 2>/dev/null | tar t`], {
      env: { DOCKER_BUILDKIT: '1' },
    });
    assert.deepEqual(stdout.trim().split('\n').sort(), ['d/', 'd/file', 'hard', 'holes', 'soft']);
    const refused = await build(['-o', '/proc/nowhere', root]);
    assert.notEqual(refused.code, 0);
  });

  it('asks an ssh agent of the client in a step', async () => {
    // An agent without keys: draft-miller-ssh-agent, SSH_AGENTC_REQUEST_IDENTITIES and its answer.
    const none = Buffer.from('000000050c00000000', 'hex');
    const agent = createServer((socket) => socket.on('data', () => socket.write(none)));
    const root = context({
      ...perl(),
      'perl/ask':
        'socket(S, 1, 1, 0); connect(S, pack("S a108", 1, $ENV{SSH_AUTH_SOCK})) or die "$!"; syswrite(S, "\\0\\0\\0\\1\\13"); while (length $b < 9 && sysread(S, $b, 99, length $b)) {} print unpack("H*", $b)',
      Dockerfile: [
        'FROM busybox',
        'COPY --chmod=755 perl/ /perl/',
        'RUN --mount=type=ssh,required /perl/ld.so --library-path /perl /perl/perl /perl/ask > /signed',
      ].join('\n'),
    });
    const path = join(root, 'agent');
    agent.listen(path);
    await once(agent, 'listening');
    try {
      await built(['-t', 'signed', '--ssh', `default=${path}`, root]);
      assert.equal(
        await shell('signed', 'cat /signed; ls -A /run/buildkit 2>/dev/null; true'),
        none.toString('hex'),
      );
    } finally {
      agent.close();
    }
    const without = await build(['--no-cache', root]);
    assert.match(without.stderr, /ssh agent default: not found/);
  });

  it('names what failed, and the images and arguments that it was given', async () => {
    const root = context({ Dockerfile: 'FROM busybox\nARG WHO=nobody\nRUN echo "hello $WHO" && exit 7\n' });
    const failed = await build(['--build-arg', 'WHO=you', root]);
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /hello you/);
    assert.match(failed.stderr, /failed to solve.*did not complete successfully: exit code: 7/);
    const missing = await build([context({ Dockerfile: 'FROM busybox\nCOPY nothing /\n' })]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /nothing/);
    const syntax = await build([context({ Dockerfile: 'FROM busybox\nNONSENSE x\n' })]);
    assert.equal(syntax.code, 1);
    assert.match(syntax.stderr, /NONSENSE/i);
  });

  it('refuses what is no session', async () => {
    const post = (path: string, ...more: readonly string[]) =>
      daemon.run('curl', [
        '-s',
        '-X',
        'POST',
        ...more,
        '--unix-socket',
        daemon.host.slice(7),
        `http://d${path}`,
      ]);
    assert.match((await post('/session')).stdout, /needs an id/);
    assert.match((await post('/session', '-H', 'X-Docker-Expose-Session-Uuid: a')).stdout, /Upgrade: h2c/);
    assert.match((await post('/build?version=2')).stdout, /needs a session/);
    assert.match((await post('/build/cancel?id=nobody')).stdout, /nobody/);
  });
});
