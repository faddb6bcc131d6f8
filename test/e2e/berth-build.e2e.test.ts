import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createAgent } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildContexts, dockerfile } from '../fixtures/build-context.ts';
import { Daemon, type Result, type RunOptions } from '../fixtures/daemon.ts';
import { perl } from '../fixtures/perl.ts';
import { Registry } from '../fixtures/registry.ts';

const daemon = Daemon.forThisFile();
const context = buildContexts();
const directory = mkdtempSync('/tmp/berth-outputs-');
after(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string): string => join(directory, name);

const program = new URL('../../bin/berth', import.meta.url).pathname;
const berth = (args: readonly string[], options: RunOptions = {}): Promise<Result> =>
  daemon.run(program, args, { timeout: 120_000, ...options });

async function build(args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await berth(['build', ...args], options);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

const FILES = {
  Dockerfile: dockerfile(
    'FROM busybox',
    'WORKDIR /made',
    'COPY a.txt /copied/',
    'RUN mkdir /old && echo 1 > /old/one && echo 2 > /gone && ln -s gone /link',
    'RUN rm -r /old /gone /bin/ls && mkdir /old && echo 3 > /old/three && ln /old/three /twin',
    'CMD ["cat", "/old/three"]',
  ),
  'a.txt': 'a',
};

const members = (...args: readonly string[]): string[] =>
  execFileSync('tar', ['-t', ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .trim()
    .split('\n');

describe('berth build: outputs', () => {
  it('a directory, tars and layouts at once, and nothing in the engine that nobody asked for', async () => {
    const root = context(FILES);
    const outputs = ['local,dest=local', 'tar,dest=fs.tar', 'oci,dest=oci.tar', 'oci,tar=false,dest=layout'];
    const args = outputs.flatMap((output) => ['-o', `type=${output.replace('dest=', `dest=${directory}/`)}`]);
    await build([
      ...args,
      '-t',
      'elsewhere',
      '--annotation',
      'org.example=x',
      '--metadata-file',
      at('m'),
      root,
    ]);
    assert.equal(readFileSync(at('local/old/three'), 'utf8'), '3\n');
    assert.ok(!existsSync(at('local/gone')) && !existsSync(at('local/bin/ls')));
    const listed = members('-f', at('fs.tar'));
    assert.ok(listed.includes('twin') && !listed.includes('gone'), listed.join());
    const inspect = (source: string) =>
      JSON.parse(execFileSync('skopeo', ['inspect', '--raw', source], { encoding: 'utf8' }));
    const manifest = inspect(`oci-archive:${at('oci.tar')}`);
    assert.deepEqual(manifest, inspect(`oci:${at('layout')}`));
    assert.deepEqual(manifest.annotations, { 'org.example': 'x' });
    const metadata = JSON.parse(readFileSync(at('m'), 'utf8'));
    assert.equal(metadata['containerimage.config.digest'], manifest.config.digest);
    assert.equal(metadata['image.name'], 'elsewhere');
    assert.equal((await berth(['image', 'inspect', 'elsewhere'])).code, 1);
  });

  it('docker reads the archive; stdout takes one; cacheonly keeps nothing', async () => {
    const root = context(FILES);
    await build(['-o', `type=docker,dest=${at('docker.tar')}`, '-t', 'loaded:1', '-t', 'loaded:2', root]);
    await daemon.ok('load', '-i', at('docker.tar'));
    assert.equal(await daemon.ok('run', '--rm', 'loaded:2'), '3');
    assert.equal(await daemon.ok('image', 'inspect', '-f', '{{len .RepoTags}}', 'loaded:1'), '2');
    const piped = await berth(['build', '-o', '-', root]);
    assert.match(piped.stderr, /Step 1\/6 : FROM busybox/);
    assert.match(piped.stdout, /^bin\//);
    const before = await daemon.ok('images', '-aq');
    await build(['-o', 'type=cacheonly', root]);
    assert.equal(await daemon.ok('images', '-aq'), before);
    const refused = await berth(['build', '-o', 'type=ocy,dest=x', root]);
    assert.match(refused.stderr, /unknown output type "ocy": use image, registry/);
    const attribute = await berth(['build', '-o', 'type=oci,dest=x,colour=red', root]);
    assert.match(attribute.stderr, /unknown attribute "colour"/);
    const nowhere = await berth(['build', '-o', 'type=tar,dest=/nowhere/x.tar', root]);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /invalid output path: \/nowhere/);
  });

  it('pushes, and keeps the image only when it is told to', async () => {
    await using registry = await Registry.start();
    const root = context(FILES);
    const name = `${registry.host}/pushed`;
    await build(['--push', '-t', `${name}:1`, '-t', `${name}:2`, root]);
    assert.equal((await berth(['image', 'inspect', `${name}:1`])).code, 1);
    await build(['-o', `type=image,name=${name}:3,push=true`, root]);
    await daemon.ok('image', 'inspect', `${name}:3`);
    const digest = (tag: string) =>
      registry.skopeo('inspect', '--tls-verify=false', '-f', '{{.Digest}}', `docker://${name}:${tag}`);
    assert.deepEqual(new Set([await digest('1'), await digest('2'), await digest('3')]).size, 1);
    assert.match((await berth(['build', '--push', root])).stderr, /tag is needed when pushing/);
  });

  it('squash: one layer more than the base, with the same files', async () => {
    const root = context(FILES);
    await build(['--squash', '-t', 'squashed', root]);
    await build(['-t', 'plain', root]);
    const layers = (image: string) => daemon.ok('image', 'inspect', '-f', '{{len .RootFS.Layers}}', image);
    assert.equal(await layers('squashed'), '2');
    assert.equal(await layers('plain'), '5');
    // A directory's links are counted in another way on each file system.
    const script = [
      'cd /; set -- -xdev ! -path ./proc ! -path ./sys',
      'find . "$@" ! -type d -exec stat -c "%n %F %a %u %g %h" {} + | sort | md5sum',
      'find . "$@" -type d -exec stat -c "%n %a %u %g" {} + | sort | md5sum',
    ].join('\n');
    const list = (image: string) => daemon.ok('run', '--rm', image, 'sh', '-c', script);
    assert.equal(await list('squashed'), await list('plain'));
    const history = await daemon.ok('history', '--no-trunc', '--format', '{{.Comment}}', 'squashed');
    assert.match(history, /^merge sha256:[0-9a-f]{64} to sha256:/);
  });

  it('SOURCE_DATE_EPOCH: the same bytes whenever it is built', async () => {
    const root = context(FILES);
    const env = { SOURCE_DATE_EPOCH: '1000000000' };
    const make = async (name: string) => {
      const output = `type=oci,dest=${at(name)},rewrite-timestamp=true`;
      await build(['--no-cache', '-o', output, root], { env });
      return readFileSync(at(name));
    };
    const first = await make('first.tar');
    assert.ok(first.equals(await make('second.tar')), 'the archives differ');
    await daemon.ok('load', '-i', at('first.tar'));
    await build(['-o', `type=tar,dest=${at('dated.tar')}`, root], { env });
    const dates = execFileSync('tar', ['-tvf', at('dated.tar'), 'old/three', 'copied/'], {
      encoding: 'utf8',
    });
    assert.equal(dates.match(/ 2001-09-09 /g)?.length, 3, dates);
    const id = (await build(['-q', '-t', 'dated', root], { env })).trim();
    assert.equal(await daemon.ok('inspect', '-f', '{{.Created}}', id), '2001-09-09T01:46:40Z');
    const wrong = await berth(['build', '--build-arg', 'SOURCE_DATE_EPOCH=now', root]);
    assert.match(wrong.stderr, /invalid SOURCE_DATE_EPOCH "now"/);
  });
});

/** Serves a directory on loopback. */
async function serve(root: string): Promise<{ readonly url: string } & Disposable> {
  const server = createServer((request, response) => {
    const path = join(root, decodeURIComponent(request.url ?? '').split('?')[0] ?? '');
    if (existsSync(path)) response.writeHead(200).end(readFileSync(path));
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => server.close() };
}

const list = (image: string, path: string) =>
  daemon.ok('run', '--rm', image, 'sh', '-c', `find ${path} -type f -o -type l | sort | xargs`);

describe('berth build: contexts', () => {
  it('git with a branch and a directory, an archive, a Dockerfile alone', async () => {
    const root = context({
      'repo/sub/Dockerfile': dockerfile('FROM busybox', 'COPY . /repo', 'RUN test ! -e /repo/.git'),
      'repo/sub/in.txt': 'in',
      'repo/out.txt': 'out',
      'alone/Dockerfile': dockerfile('FROM busybox', 'RUN echo alone > /alone'),
      'tar/Dockerfile': dockerfile('FROM busybox', 'COPY x /x'),
      'tar/x': 'x',
    });
    const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: join(root, 'repo') });
    git('init', '--quiet', '--initial-branch=trunk');
    git('add', '.');
    git('-c', 'user.name=x', '-c', 'user.email=x@y', 'commit', '--quiet', '-m', 'x');
    git('update-server-info');
    execFileSync('tar', ['-czf', join(root, 'a.tgz'), '-C', join(root, 'tar'), '.']);
    symlinkSync('repo/.git', join(root, 'r.git'));
    using server = await serve(root);
    await build(['-t', 'of-git', `${server.url}/r.git#trunk:sub`]);
    assert.equal(await list('of-git', '/repo'), '/repo/Dockerfile /repo/in.txt');
    await build(['-t', 'of-tar', `${server.url}/a.tgz`]);
    assert.equal(await list('of-tar', '/x'), '/x');
    await daemon.run('docker', ['build', '-t', 'of-file', `${server.url}/alone/Dockerfile`]);
    assert.equal(await daemon.ok('run', '--rm', 'of-file', 'cat', '/alone'), 'alone');
    await build(['-t', 'of-stdin', '-'], { input: dockerfile('FROM busybox', 'RUN echo piped > /alone') });
    assert.equal(await daemon.ok('run', '--rm', 'of-stdin', 'cat', '/alone'), 'piped');
    const gone = await berth(['build', `${server.url}/none.git`]);
    assert.match(gone.stderr, /cannot fetch/);
    assert.match((await berth(['build', `${server.url}/none.tgz`])).stderr, /not found \(HTTP status 404\)/);
  });

  it('named contexts: a directory, an image, a layout, the web; they win over stages and images', async () => {
    const root = context({
      Dockerfile: dockerfile(
        'FROM base AS one',
        'COPY --from=files sub /files',
        'RUN --mount=from=files,target=/m cp /m/only /mounted',
        'COPY --from=web /x /web',
        'FROM layout',
        'COPY --from=one /files /files',
        'COPY --from=one /mounted /web /',
      ),
    });
    const files = context({ 'sub/a': 'a', only: 'only', 'more/b': 'b' });
    const web = context({ x: 'from the web' });
    execFileSync('tar', ['-cf', join(web, 'w.tar'), '-C', web, 'x']);
    const laid = context({ Dockerfile: dockerfile('FROM busybox', 'ENV LAID=out') });
    await build(['-o', `type=oci,tar=false,dest=${at('laid')}`, '-t', 'laid:1.2', laid]);
    using server = await serve(web);
    const contexts = [
      'base=docker-image://busybox',
      `files=${files}`,
      `web=${server.url}/w.tar`,
      `layout=oci-layout://${at('laid')}:1.2`,
    ];
    await build([...contexts.flatMap((each) => ['--build-context', each]), '-t', 'named', root]);
    const script = 'cat /files/a /mounted /web; echo " $LAID"';
    assert.equal(await daemon.ok('run', '--rm', 'named', 'sh', '-c', script), 'aonlyfrom the web out');
    assert.equal((await berth(['image', 'inspect', 'laid:1.2'])).code, 1);
    const none = await berth(['build', '--build-context', `layout=oci-layout://${at('laid')}:9`, root]);
    assert.match(none.stderr, /the OCI layout has no image 9/);
    const absent = await berth(['build', '--build-context', 'x=/nowhere', root]);
    assert.match(absent.stderr, /build context x: \/nowhere/);
  });

  it('sends what is needed and nothing else, links followed', async () => {
    const root = context({
      Dockerfile: dockerfile(
        'FROM busybox',
        'COPY src/*.c link/f missing* /got/',
        'COPY dir/./keep /kept/',
        'RUN --mount=source=mounted,target=/m cp /m/f /m-f',
      ),
      'src/a.c': 'a',
      'src/b.h': 'b',
      'real/f': 'f',
      'dir/keep/k': 'k',
      'dir/other': 'o',
      'mounted/f': 'm',
      missing1: '1',
      'big/unneeded': 'u',
      '.dockerignore': 'dir/keep/skipped',
      'dir/keep/skipped': 's',
    });
    symlinkSync('real', join(root, 'link'));
    // What is not needed is not even looked at: it could not be read.
    execFileSync('mkfifo', [join(root, 'big/pipe')]);
    await build(['-t', 'few', root]);
    assert.equal(await list('few', '/got /kept /m-f'), '/got/a.c /got/f /got/missing1 /kept/k /m-f');
    const escape = await berth(['build', '-f', '-', root], {
      input: dockerfile('FROM busybox', 'COPY ../x /'),
    });
    assert.match(escape.stdout + escape.stderr, />>> COPY[^]*"\/x": not found/);
    symlinkSync('/etc', join(root, 'outside'));
    const link = await berth(['build', '-f', '-', root], {
      input: dockerfile('FROM busybox', 'COPY outside/passwd /'),
    });
    assert.match(link.stderr, /"\/outside\/passwd": not found/);
  });

  it('a stage without cache leaves the others theirs', async () => {
    const root = context({
      Dockerfile: dockerfile(
        'FROM busybox AS kept',
        'RUN cat /proc/sys/kernel/random/uuid > /kept',
        'FROM busybox AS anew',
        'RUN cat /proc/sys/kernel/random/uuid > /anew',
        'FROM busybox',
        'COPY --from=kept /kept /',
        'COPY --from=anew /anew /',
      ),
    });
    const read = async (...args: readonly string[]) => {
      await build([...args, '-t', 'filtered', root]);
      return [
        await daemon.ok('run', '--rm', 'filtered', 'cat', '/kept'),
        await daemon.ok('run', '--rm', 'filtered', 'cat', '/anew'),
      ];
    };
    const first = await read();
    const second = await read('--no-cache-filter', 'anew');
    assert.equal(second[0], first[0]);
    assert.notEqual(second[1], first[1]);
  });
});

const ASK = [
  'socket(S, 1, 1, 0); connect(S, pack("S a108", 1, $ENV{SSH_AUTH_SOCK})) or die "$!";',
  'syswrite(S, "key"); while (sysread(S, $b, 99)) { print $b }',
].join('\n');

describe('berth build: what steps may reach', () => {
  it('ssh: the agent answers in the step, several times, and is not in the image', async () => {
    // Answers as an agent without keys does, to whatever is asked.
    let conversations = 0;
    const agent = createAgent((socket) => {
      conversations++;
      socket.once('data', (asked) => socket.end(`${asked}-signed`)).on('error', () => {});
    });
    const path = at('agent');
    agent.listen(path);
    await once(agent, 'listening');
    try {
      const Dockerfile = dockerfile(
        'FROM busybox',
        'COPY --chmod=755 perl/ /perl/',
        'RUN --mount=type=ssh,id=deploy,required <<X',
        'for i in 1 2; do /perl/ld.so --library-path /perl /perl/perl /perl/ask >> /signed; done',
        'stat -c %a $SSH_AUTH_SOCK > /mode',
        'X',
        'RUN --mount=type=ssh env | grep -c SSH_AUTH_SOCK > /none || true',
      );
      const root = context({ Dockerfile, ...perl(), 'perl/ask': ASK });
      await build(['--ssh', `deploy=${path}`, '-t', 'signed', root]);
      const script = 'cat /signed /mode /none; ls -d /run/buildkit/* 2>&1';
      assert.match(
        await daemon.ok('run', '--rm', 'signed', 'sh', '-c', `${script}; true`),
        /^key-signedkey-signed600\n0\nls: \S+: No such file/,
      );
      assert.equal(conversations, 2);
      const refused = await berth(['build', '--no-cache', root]);
      assert.match(refused.stdout + refused.stderr, /ssh agent deploy: not found: give it with --ssh deploy/);
    } finally {
      agent.close();
    }
  });

  it('more than the sandbox only when the user allows it', async () => {
    const insecure = context({
      Dockerfile: dockerfile('FROM busybox', 'RUN --security=insecure mount -t tmpfs x /tmp'),
    });
    const refused = await berth(['build', insecure]);
    assert.match(refused.stdout + refused.stderr, /security.insecure is not allowed: build with --allow/);
    assert.match(refused.stdout + refused.stderr, />>> RUN --security=insecure/);
    await build(['--allow', 'security.insecure', insecure]);
    const host = context({ Dockerfile: dockerfile('FROM busybox', 'RUN --network=host true') });
    const own = await berth(['build', host]);
    assert.match(own.stdout + own.stderr, /network.host is not allowed/);
    await build(['--allow', 'network.host', host]);
    await build(['--network', 'host', host]);
    assert.match((await berth(['build', '--allow', 'all', host])).stderr, /invalid entitlement "all"/);
  });
});

it('berth bake: targets at once, one the context of another; what fails is named, and the others go on', async () => {
  const root = context({
    'a.txt': 'a',
    'docker-bake.json': JSON.stringify({
      variable: { TAG: { default: '1' } },
      target: {
        base: { 'dockerfile-inline': 'FROM busybox\nCOPY a.txt /\n' },
        app: {
          contexts: { base: 'target:base' },
          args: { X: 'x${TAG}' },
          'dockerfile-inline': 'FROM base\nARG X\nRUN echo $X > /x\nCMD ["cat", "/a.txt", "/x"]\n',
          tags: ['baked:${TAG}'],
        },
      },
    }),
    'compose.yaml': `services:
  web: { image: web, build: { context: ., dockerfile_inline: "FROM busybox\\nRUN exit 3" } }
  files: { build: { context: ., dockerfile_inline: "FROM scratch\\nCOPY a.txt /", x-bake: { output: ${at('baked')} } } }`,
  });
  const bake = (...args: string[]) => berth(['bake', ...args], { cwd: root, env: { TAG: '2' } });
  const { code, stdout, stderr } = await bake('app', 'files', '--metadata-file', at('bake.json'));
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^\[base\] Step 1\/2 : FROM busybox$/m);
  assert.match(stdout, /^\[app\] Successfully tagged baked:2$/m);
  assert.equal(await daemon.ok('run', '--rm', 'baked:2'), 'ax2');
  assert.equal(readFileSync(at('baked/a.txt'), 'utf8'), 'a');
  const metadata = JSON.parse(readFileSync(at('bake.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
  assert.equal(metadata['app']?.['image.name'], 'baked:2');
  const piped = await bake('app', '--set', 'app.output=type=tar,dest=-');
  assert.deepEqual(
    [piped.code, /\bx\b.*ustar/s.test(piped.stdout), piped.stdout.includes('[app]')],
    [0, true, false],
  );
  const both = await bake('app', 'files', '--set', '*.output=-');
  assert.deepEqual([both.code, both.stderr], [1, 'only one output can go to STDOUT: app, files\n']);
  const wrong = await bake('web', 'app', '--set', 'app.tags=baked:3');
  assert.deepEqual(
    [wrong.code, /^target web: .*returned a non-zero code: 3$/m.test(wrong.stderr)],
    [3, true],
  );
  assert.equal(await daemon.ok('run', '--rm', 'baked:3'), 'ax2');
  const unknown = await bake('nothing');
  assert.deepEqual([unknown.code, unknown.stderr], [1, 'failed to find target nothing\n']);
});
