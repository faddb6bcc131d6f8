import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { buildContexts, dockerfile } from '../fixtures/build-context.ts';
import { Daemon, type Result } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();
const context = buildContexts();

const build = (root: string, ...args: readonly string[]): Promise<Result> =>
  daemon.run('docker', ['build', ...args, root], { timeout: 120_000 });

async function built(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  const result = await build(context(files), ...args);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  return result.stdout;
}

const shell = (image: string, script: string) => daemon.ok('run', '--rm', image, 'sh', '-c', script);

describe('docker build', () => {
  it('builds stages, copies between them, runs, and says what it did', async () => {
    const Dockerfile = dockerfile(
      'ARG BASE=busybox',
      'FROM $BASE AS build',
      'ARG WHO=world',
      'ENV GREETING=hi',
      'WORKDIR /app/src',
      'COPY . .',
      'RUN echo "$GREETING $WHO" > out.txt && cat out.txt',
      'FROM busybox AS unused',
      'RUN exit 1',
      'FROM busybox',
      'COPY --from=build --chown=12:34 --chmod=0640 /app/src/out.txt /res/',
      'LABEL a=b',
      'EXPOSE 80/tcp 53/udp',
      'USER 12',
      'STOPSIGNAL SIGQUIT',
      'VOLUME /data',
      'HEALTHCHECK --interval=7s CMD true',
      'ENTRYPOINT ["cat"]',
      'CMD ["/res/out.txt"]',
    );
    const files = { Dockerfile, 'a.txt': 'one', 'sub/b.txt': 'two' };
    const output = await built(files, '-t', 'app', '--build-arg', 'WHO=you', '--label', 'c=d');
    assert.match(output, /Step 1\/\d+ : FROM \$BASE AS build/);
    assert.match(output, /hi you/);
    assert.match(output, /Successfully tagged app:latest/);
    assert.equal(await daemon.ok('run', '--rm', 'app'), 'hi you');
    assert.equal(await asRoot('app', 'stat -c "%u %g %a" /res/out.txt'), '12 34 640');
    const [image] = JSON.parse(await daemon.ok('inspect', 'app'));
    assert.deepEqual(image.Config.Labels, { a: 'b', c: 'd' });
    assert.deepEqual(Object.keys(image.Config.ExposedPorts), ['80/tcp', '53/udp']);
    assert.deepEqual(
      [image.Config.User, image.Config.StopSignal, image.Config.Entrypoint, image.Config.Cmd],
      ['12', 'SIGQUIT', ['cat'], ['/res/out.txt']],
    );
    assert.equal(image.Config.Healthcheck.Interval, 7e9);
    assert.equal(await daemon.ok('ps', '-aq'), '');
  });

  const asRoot = (image: string, script: string) =>
    daemon.ok('run', '--rm', '--user', '0', '--entrypoint', 'sh', image, '-c', script);

  it('takes from the cache what has not changed, and gives the same image', async () => {
    const root = context({
      Dockerfile: dockerfile(
        'FROM busybox',
        'RUN cat /proc/sys/kernel/random/uuid > /time',
        'COPY f /f',
        'RUN cat /proc/sys/kernel/random/uuid > /later',
      ),
      f: 'one',
    });
    const first = await build(root, '-q');
    const second = await build(root, '-q');
    assert.equal(second.stdout, first.stdout);
    assert.match((await build(root)).stdout, /Using cache/);
    writeFileSync(join(root, 'f'), 'two');
    const third = (await build(root, '-q')).stdout.trim();
    assert.notEqual(third, first.stdout.trim());
    const before = await shell(first.stdout.trim(), 'cat /time /later');
    const after = await shell(third, 'cat /time /later');
    assert.equal(after.split('\n')[0], before.split('\n')[0]);
    assert.notEqual(after.split('\n')[1], before.split('\n')[1]);
    const anew = (await build(root, '-q', '--no-cache')).stdout.trim();
    assert.notEqual((await shell(anew, 'cat /time')).trim(), before.split('\n')[0]);
  });

  it('COPY puts files where Docker does', async () => {
    const Dockerfile = dockerfile(
      'FROM busybox',
      'RUN mkdir /target && ln -s target /link && chmod 711 /target',
      'COPY one.txt /target',
      'COPY one.txt /new/deep/name',
      'COPY *.txt sub /many/',
      'COPY one.txt /link/through',
      'COPY --parents sub/./deep/x.txt /kept/',
      'COPY --exclude=*.log sub /filtered',
      'COPY --link one.txt /linked/one',
      'COPY <<first <<"second" /docs/',
      'path=$PATH',
      'first',
      'path=$PATH',
      'second',
    );
    const files = { Dockerfile, 'one.txt': '1', 'two.txt': '2', 'sub/a.log': 'l', 'sub/deep/x.txt': 'x' };
    await built(files, '-t', 'copied');
    const listing = await shell(
      'copied',
      'find /target /new /many /kept /filtered /linked -type f | sort; stat -c %a /target; grep -c /bin /docs/first; cat /docs/second',
    );
    assert.deepEqual(listing.split('\n'), [
      '/filtered/deep/x.txt',
      '/kept/deep/x.txt',
      '/linked/one',
      '/many/a.log',
      '/many/deep/x.txt',
      '/many/one.txt',
      '/many/two.txt',
      '/new/deep/name',
      '/target/one.txt',
      '/target/through',
      '711',
      '1',
      'path=$PATH',
    ]);
  });

  it('RUN sees mounts, which leave nothing in the image', async () => {
    const Dockerfile = dockerfile(
      'FROM busybox AS data',
      'RUN echo stage > /s',
      'FROM busybox',
      'RUN --mount=target=/ctx --mount=type=bind,from=data,source=/s,target=/s cat /ctx/f /s > /seen',
      'RUN --mount=type=tmpfs,target=/tmpfs touch /tmpfs/x',
      'RUN --mount=type=cache,target=/cache,id=e2e echo x >> /cache/n && wc -l < /cache/n > /count',
      'RUN --mount=type=secret,id=none true',
      'RUN <<EOF',
      '#!/bin/cat',
      'shown',
      'EOF',
    );
    const output = await built({ Dockerfile, f: 'file\n' }, '-t', 'mounts');
    assert.match(output, /shown/);
    assert.equal(
      await shell('mounts', 'cat /seen; ls -d /ctx /s /tmpfs /cache 2>/dev/null || true'),
      'file\nstage',
    );
    await built({ Dockerfile: `${Dockerfile}RUN true\n`, f: 'file\n' }, '--no-cache', '-t', 'mounts');
    assert.equal(await shell('mounts', 'cat /count'), '2');
  });

  it('ADD unpacks archives, and fetches files and repositories', async () => {
    const root = context({ 'in/dir/file': 'x', 'plain.txt': 'no archive' });
    for (const [name, flag] of [
      ['a.tar', ''],
      ['a.tgz', 'z'],
      ['a.txz', 'J'],
    ] as const) {
      execFileSync('tar', [`-c${flag}f`, join(root, name), '-C', join(root, 'in'), '.']);
    }
    const git = (...args: readonly string[]) => execFileSync('git', [...args], { cwd: join(root, 'in') });
    git('init', '--quiet', '--initial-branch=trunk');
    git('add', '.');
    git('-c', 'user.name=x', '-c', 'user.email=x@y', 'commit', '--quiet', '-m', 'x');
    git('update-server-info');
    const server = createServer((request, response) => {
      const path =
        decodeURIComponent(request.url ?? '')
          .replace(/^\/repo\.git/, '/in/.git')
          .split('?')[0] ?? '';
      if (path === '/moved') response.writeHead(302, { location: '/a.tgz' }).end();
      else if (!existsSync(join(root, path))) response.writeHead(404).end();
      else
        response
          .writeHead(200, { 'last-modified': 'Thu, 01 Jan 2015 00:00:00 GMT' })
          .end(readFileSync(join(root, path)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    try {
      writeFileSync(
        join(root, 'Dockerfile'),
        dockerfile(
          'FROM busybox',
          'ADD a.tar /tar',
          'ADD a.tgz a.txz plain.txt /both/',
          'ADD --unpack=false a.tgz /kept/',
          `ADD ${url}/moved ${url}/plain.txt /fetched/`,
          `ADD --unpack ${url}/a.tgz /unpacked/`,
          `ADD --keep-git-dir=false ${url}/repo.git#trunk:dir /repo`,
        ),
      );
      const result = await build(root, '-t', 'added');
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.equal(
        await shell(
          'added',
          'find /tar /both /kept /fetched /unpacked /repo -type f | grep -v /.git/ | sort; stat -c "%a %y" /fetched/plain.txt',
        ),
        [
          '/both/dir/file',
          '/both/plain.txt',
          '/fetched/moved',
          '/fetched/plain.txt',
          '/kept/a.tgz',
          '/repo/file',
          '/tar/dir/file',
          '/unpacked/dir/file',
          '600 2015-01-01 00:00:00.000000000 +0000',
        ].join('\n'),
      );
      for (const [line, message] of [
        [`ADD ${url}/none /x`, /not found \(HTTP status 404\)/],
        [`ADD --checksum=sha256:${'0'.repeat(64)} ${url}/plain.txt /x`, /digest mismatch/],
        [`ADD ${url}/none.git /x`, /cannot fetch/],
      ] as const) {
        const refusal = await build(context({ Dockerfile: dockerfile('FROM busybox', line) }));
        assert.equal(refusal.code, 1);
        assert.match(refusal.stderr, message);
      }
    } finally {
      server.close();
    }
  });

  it('.dockerignore keeps files out', async () => {
    const files = {
      Dockerfile: dockerfile('FROM busybox', 'COPY . /c', 'RUN find /c -type f > /list'),
      '.dockerignore': '*\n!keep\nkeep/not\n',
      'keep/yes': '',
      'keep/not': '',
      other: '',
    };
    await built(files, '-t', 'ignored');
    assert.equal(await shell('ignored', 'cat /list'), '/c/keep/yes');
  });

  it('ONBUILD is done by who builds on it, once', async () => {
    await built({ Dockerfile: dockerfile('FROM busybox', 'ONBUILD COPY f /onbuild') }, '-t', 'trigger');
    await built({ Dockerfile: dockerfile('FROM trigger'), f: 'x' }, '-t', 'triggered');
    assert.equal(await shell('triggered', 'cat /onbuild'), 'x');
    await built({ Dockerfile: dockerfile('FROM triggered') }, '-t', 'again');
  });

  it('a Dockerfile on standard input, a target, a platform', async () => {
    const input = dockerfile('FROM busybox AS a', 'RUN touch /a', 'FROM a AS b', 'RUN touch /b');
    await daemon.okWith(input, 'build', '--target', 'a', '--platform', 'linux/amd64', '-t', 'stdin', '-');
    assert.equal(await shell('stdin', 'ls -d /a /b 2>/dev/null || true'), '/a');
  });

  it('a command that fails ends it with its exit code, and leaves nothing', async () => {
    const { code, stdout, stderr } = await build(
      context({ Dockerfile: dockerfile('FROM busybox', 'RUN echo before; exit 42') }),
    );
    assert.equal(code, 42);
    assert.match(stdout, /before/);
    assert.match(stderr, /returned a non-zero code: 42/);
    assert.equal(await daemon.ok('ps', '-aq'), '');
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['an unknown instruction', 'FROM busybox\nRUNN x\n', /line 2: unknown instruction: RUNN/],
    ['an empty file', '\n', /cannot be empty/],
    ['a missing source', 'FROM busybox\nCOPY nothing /\n', /"\/nothing": not found/],
    ['an escaping source', 'FROM busybox\nCOPY ../../etc/passwd /\n', /not found/],
    ['a link out of the context', 'FROM busybox\nCOPY out/passwd /\n', /not found/],
    ['a flag that is none', 'FROM busybox\nCOPY --nope a b\n', /unknown flag: --nope/],
    ['a user that is none', 'FROM busybox\nCOPY --chown=nobodyknows f /\n', /nobodyknows/],
    ['a stage that is itself', 'FROM busybox AS a\nCOPY --from=a / /\n', /circular dependency/],
    ['a file in the way', 'FROM busybox\nWORKDIR /bin/sh\n', /not a directory/],
    ['an unsupported mount', 'FROM busybox\nRUN --mount=type=nfs,target=/x true\n', /unsupported mount type/],
    [
      'a secret that is required',
      'FROM busybox\nRUN --mount=type=secret,id=k,required true\n',
      /secret k: not found/,
    ],
  ];
  for (const [what, content, message] of refused) {
    it(`refuses ${what}`, async () => {
      const root = context({ Dockerfile: content, f: '' });
      symlinkSync('/etc', join(root, 'out'));
      const { code, stderr } = await build(root);
      assert.equal(code, 1);
      assert.match(stderr, message);
    });
  }

  it('the cache is counted and can be emptied', async () => {
    const root = context({
      Dockerfile: dockerfile('FROM busybox', 'RUN dd if=/dev/zero of=/big bs=1k count=300'),
    });
    await build(root, '-q');
    const image = (await build(root, '-q')).stdout.trim();
    const usage = await daemon.ok('system', 'df', '-v', '--format', '{{json .BuildCache}}');
    const entry = JSON.parse(usage).find((each: { Size: string }) => each.Size.startsWith('307'));
    assert.ok(entry, usage);
    await daemon.ok('rmi', image);
    assert.match((await build(root)).stdout, /Using cache/);
    await daemon.ok('rmi', image);
    for (const filter of ['type=exec.cachemount', 'inuse=1', 'id=nothing', 'description=nothing'])
      assert.match(await daemon.ok('builder', 'prune', '-af', '--filter', filter), /^Total.*: 0B/m, filter);
    await assert.rejects(
      daemon.ok('builder', 'prune', '-af', '--filter', 'shared=perhaps'),
      /invalid filter 'shared/,
    );
    assert.match(await daemon.ok('builder', 'prune', '-af'), /Total:? *(?:reclaimed space:)?.*3\d\d/);
    assert.deepEqual(
      JSON.parse(await daemon.ok('system', 'df', '-v', '--format', '{{json .BuildCache}}')),
      [],
    );
    assert.doesNotMatch((await build(root)).stdout, /Using cache/);
  });

  it('--add-host, --pull, --force-rm; what belongs to others is refused', async () => {
    const root = context({ Dockerfile: dockerfile('FROM busybox', 'RUN cat /etc/hosts') });
    const printed = await build(root, '--add-host', 'far:192.0.2.9', '--force-rm', '--no-cache');
    assert.match(printed.stdout, /192\.0\.2\.9\s+far/);
    const scratch = context({ Dockerfile: dockerfile('FROM scratch', 'COPY Dockerfile /'), f: '' });
    assert.equal((await build(scratch, '--pull', '-q')).code, 0);
    assert.match((await build(root, '--squash')).stderr, /squash/);
  });

  it('refuses a target that is none', async () => {
    const { code, stderr } = await build(context({ Dockerfile: 'FROM busybox\n' }), '--target', 'x');
    assert.equal(code, 1);
    assert.match(stderr, /target stage "x" could not be found/);
  });

  it('a killed daemon leaves nothing of a build, and the next one goes on from what was done', async () => {
    const root = context({
      Dockerfile: dockerfile(
        'FROM busybox',
        'RUN cat /proc/sys/kernel/random/uuid > /first',
        'RUN --mount=type=tmpfs,target=/t sleep 600',
      ),
    });
    await using client = daemon.spawn('build', root);
    await client.prints('Step 3/3');
    await daemon.kill9();
    await client.exit();
    await daemon.start();
    writeFileSync(
      join(root, 'Dockerfile'),
      dockerfile('FROM busybox', 'RUN cat /proc/sys/kernel/random/uuid > /first', 'RUN true'),
    );
    assert.match((await build(root)).stdout, /Using cache/);
    assert.equal(await daemon.ok('ps', '-aq'), '');
  });
});

describe('berth build', () => {
  const berth = (input: string | undefined, ...args: readonly string[]) =>
    daemon.run(new URL('../../bin/berth', import.meta.url).pathname, ['build', ...args], {
      timeout: 120_000,
      ...(input === undefined ? {} : { input }),
      env: { TOKEN: 'from-env' },
    });

  it('sends the context without what is ignored, and secrets that stay nowhere', async () => {
    const root = context({
      Dockerfile: dockerfile(
        'FROM busybox',
        'COPY . /c',
        'RUN --mount=type=secret,id=key --mount=type=secret,id=TOKEN,env=T \\',
        '  sha256sum /run/secrets/key > /sum; echo "${#T}" > /length; find /c -type f | sort > /list',
      ),
      '.dockerignore': 'skip\nbig\n!big/keep\n',
      skip: '',
      'big/keep': '',
      'big/drop': '',
      key: 'top secret',
    });
    const iid = join(root, 'iid');
    const { code, stdout, stderr } = await berth(
      undefined,
      '-t',
      'ours',
      '--secret',
      `id=key,src=${join(root, 'key')}`,
      '--secret=id=TOKEN,env=TOKEN',
      `--iidfile=${iid}`,
      '--label=l=1',
      root,
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /Successfully tagged ours:latest/);
    assert.equal(readFileSync(iid, 'utf8'), await daemon.ok('inspect', '--format', '{{.Id}}', 'ours'));
    const listing = await shell('ours', 'cat /length /list; ls /run/secrets 2>/dev/null || true');
    assert.deepEqual(listing.split('\n'), [
      '8',
      '/c/.dockerignore',
      '/c/Dockerfile',
      '/c/big/keep',
      '/c/key',
    ]);
    const everything = await daemon.ok('history', '--no-trunc', 'ours');
    assert.doesNotMatch(everything + stdout, /from-env|top secret/);
  });

  it('reads a Dockerfile from elsewhere and from standard input', async () => {
    const root = context({ f: 'x', 'sub/g': '' });
    const elsewhere = join(
      context({ 'My.Dockerfile': dockerfile('FROM busybox', 'COPY f /f') }),
      'My.Dockerfile',
    );
    assert.equal((await berth(undefined, '-q', '-f', elsewhere, '-t', 'elsewhere', root)).code, 0);
    assert.equal(await shell('elsewhere', 'cat /f'), 'x');
    const quiet = await berth(dockerfile('FROM busybox', 'RUN touch /in'), '-q', '-');
    assert.match(quiet.stdout, /^sha256:[0-9a-f]{64}\n$/);
  });

  it('ends as the step that failed, and says what is wrong before anything is sent', async () => {
    const failing = await berth(undefined, context({ Dockerfile: dockerfile('FROM busybox', 'RUN exit 7') }));
    assert.equal(failing.code, 7);
    const wrong = await berth(undefined, context({ Dockerfile: 'FROM busybox\nRUNN\n' }));
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /line 2: unknown instruction: RUNN/);
    assert.match((await berth(undefined, '/nowhere')).stderr, /path "\/nowhere": no such file or directory/);
    assert.match((await berth(undefined, context({}))).stderr, /Dockerfile: no such file or directory/);
    assert.match(
      (await berth('FROM busybox\n', '--secret', 'id=a,src=/nowhere', '-')).stderr,
      /secret a: cannot read/,
    );
  });
});
