import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildContexts, dockerfile } from '../fixtures/build-context.ts';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();
const context = buildContexts();
const scratch = mkdtempSync('/tmp/berth-working-');
after(() => rmSync(scratch, { recursive: true, force: true }));

async function berth(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.berth(...args);
  assert.equal(code, 0, `berth ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout.trim();
}

async function fails(code: number, reason: RegExp, ...args: readonly string[]): Promise<void> {
  const result = await daemon.berth(...args);
  assert.equal(result.code, code, `berth ${args.join(' ')}\n${result.stdout}${result.stderr}`);
  assert.match(result.stderr, reason);
}

/** Type, mode, owner, size, name and link of all that an image holds. */
async function filesOf(image: string): Promise<string[]> {
  const id = await daemon.ok('create', image, 'x');
  const path = join(scratch, 'files.tar');
  await daemon.ok('export', '-o', path, id);
  await daemon.ok('rm', id);
  const lines = execFileSync('tar', ['--numeric-owner', '-tvf', path], { encoding: 'utf8' }).split('\n');
  return lines.map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d /, '')).toSorted();
}

const FILES = { 'a.txt': 'a', 'b.txt': 'b', 'tree/one': '1', 'tree/deep/two': '2', 'tree/skip.log': 'log' };

describe('an image made in a working container', () => {
  it('is what the same Dockerfile makes, and outlives the daemon half way', async () => {
    const root = context({
      ...FILES,
      Dockerfile: dockerfile(
        'FROM busybox',
        'RUN echo app:x:70:71::/:/bin/sh >> /etc/passwd && echo staff:x:50: >> /etc/group',
        'ENV A=1 B="two words" C=$PATH:/more',
        'WORKDIR /srv/app',
        'COPY a.txt b.txt data/',
        'COPY --chown=app:staff --chmod=0640 a.txt renamed',
        'COPY --exclude=**/*.log tree /srv/tree',
        'RUN echo "$A $B" > made && rm data/b.txt /bin/ls',
        'LABEL who="\\$me" when=now',
        'EXPOSE 80 53/udp',
        'VOLUME /srv/state',
        'STOPSIGNAL SIGQUIT',
        'HEALTHCHECK --interval=5s --retries=2 CMD ["true"]',
        'ENTRYPOINT ["/bin/sh", "-c"]',
        'CMD ["id -u; cat made"]',
        'USER app',
        'ONBUILD RUN date',
      ),
    });
    await berth('build', '-q', '-t', 'by-file', root);

    const name = await berth('from', 'busybox');
    assert.equal(name, 'busybox-working-container');
    const inside = (...command: readonly string[]) => berth('run', '--build', name, ...command);
    await inside('sh', '-c', 'echo app:x:70:71::/:/bin/sh >> /etc/passwd && echo staff:x:50: >> /etc/group');
    await berth('config', '--env', 'A=1', '-e', 'B=two words', '-e', 'C=$PATH:/more', '-e', 'D=4', name);
    await berth('config', '--workingdir', '/srv/app', '--env', 'D-', name);
    await berth('copy', '--contextdir', root, name, 'a.txt', '/b.txt', 'data/');
    await daemon.kill9();
    await daemon.start();
    await berth('copy', '--chown', 'app:staff', '--chmod', '0640', name, `${root}/a.*`, 'renamed');
    await berth('copy', '--exclude', '**/*.log', '--contextdir', root, name, 'tree', '/srv/tree');
    await inside('--', 'sh', '-c', 'echo "$A $B" > made && rm data/b.txt /bin/ls');
    await berth(
      'config',
      '--label',
      'who=$me',
      '--label',
      'when=now',
      '--port',
      '80',
      '--port',
      '53/udp',
      '--volume',
      '/srv/state',
      '--stop-signal',
      'SIGQUIT',
      '--user',
      'app',
      '--onbuild',
      'RUN date',
      '--healthcheck',
      '["true"]',
      '--healthcheck-interval',
      '5s',
      '--healthcheck-retries',
      '2',
      '--entrypoint',
      '["/bin/sh", "-c"]',
      '--cmd',
      '["id -u; cat made"]',
      name,
    );
    assert.match(await daemon.ok('ps', '-a', '--filter', 'label=org.berth.working'), new RegExp(name));
    await berth('commit', name, 'by-hand');
    await berth('commit', '--squash', '--rm', name, 'squashed');
    assert.equal(await daemon.ok('ps', '-aq'), '');

    const [expected, files] = [await daemon.inspect('by-file', '.Config'), await filesOf('by-file')];
    for (const image of ['by-hand', 'squashed']) {
      assert.deepEqual(await daemon.inspect(image, '.Config'), expected);
      assert.deepEqual(await filesOf(image), files, image);
      assert.equal(await daemon.ok('run', '--rm', image), '70\n1 two words');
    }
    const layers = (await daemon.inspect('squashed', '.RootFS.Layers')) as string[];
    assert.equal(layers.length, 1);
  });

  it('can begin with nothing, and take files from containers and images', async () => {
    const name = await berth('from', '--name', 'tiny', 'scratch');
    assert.equal(name, 'tiny');
    await berth('copy', '--from', 'busybox', name, '/bin/busybox', '/bin/sh', '/bin/');
    const other = await berth('from', 'busybox');
    assert.equal(await berth('from', 'busybox'), `${other}-1`);
    await berth('run', '--build', '-u', '5:6', '-w', '/tmp', other, 'sh', '-c', 'mkdir d && echo x > d/f');
    await berth('copy', '--from', other, name, '/tmp/d', '/kept');
    await fails(1, /directory/, 'copy', '--from', 'busybox', name, '/bin', '/bin/busybox/');
    await berth('copy', '--from', 'busybox', other, '/', '/');
    const shown = await berth('run', '--build', name, '/bin/busybox', 'stat', '-c', '%n %u %g', '/kept/f');
    assert.equal(shown, '/kept/f 5 6');
    await berth('rm', name, other, `${other}-1`);
  });
});

describe('berth run --build', () => {
  it('gives a command its streams, mounts and variables for its run alone', async () => {
    const name = await berth('from', 'busybox');
    const root = context({ shared: 'from outside' });
    const result = await daemon.run(
      new URL('../../bin/berth', import.meta.url).pathname,
      ['run', '--build', '-i', '-e', 'X=1', '-v', `${root}:/mnt`, '--network', 'none', name].concat([
        'sh',
        '-c',
        'cat; echo $X; cat /mnt/shared; ls /sys/class/net; exit 3',
      ]),
      { input: 'typed\n' },
    );
    assert.equal(result.code, 3, result.stderr);
    assert.equal(result.stdout, 'typed\n1\nfrom outsidelo\n');
    await berth('copy', name, `${root}/shared`, '/mnt/');
    assert.equal(await berth('run', '--build', name, 'sh', '-c', 'echo "$X"; ls /mnt'), 'shared');
    await berth('run', '--build', '--tmpfs', '/only/here', name, 'touch', '/only/here/x');
    await berth('commit', name, 'mounted');
    assert.ok(!(await filesOf('mounted')).some((line) => line.includes('only/here')));
    await berth('rm', name);
  });

  it('and the others refuse what cannot be', async () => {
    const name = await berth('from', 'busybox');
    const root = context(FILES);
    await fails(127, /nosuch/, 'run', '--build', name, 'nosuch');
    await fails(125, /No such container/, 'run', '--build', 'absent', 'true');
    await fails(125, /--rm/, 'run', '--build', '--rm', name, 'true');
    await fails(125, /needs a command/, 'run', '--build', name);
    await fails(125, /anonymous volumes/, 'run', '--build', '-v', '/data', name, 'true');
    await fails(1, /berth run --build/, 'start', name);
    await fails(1, /berth run --build/, 'restart', name);
    await fails(1, /run once/, 'update', '--restart', 'always', name);
    await fails(1, /no user nosuch/, 'copy', '--chown', 'nosuch', name, `${root}/a.txt`, '/made/here/');
    await fails(1, /octal/, 'copy', '--chmod', 'u+x', name, `${root}/a.txt`, '/made/here/');
    await fails(1, /missing/, 'copy', name, `${root}/a.txt`, `${root}/missing`, '/made/here/');
    await fails(1, /nothing in .* matches/, 'copy', name, `${root}/*.none`, '/made/here/');
    await fails(1, /leads out/, 'copy', '--contextdir', root, name, '../..', '/made/here/');
    await fails(1, /no such file in busybox/, 'copy', '--from', 'busybox', name, '/absent', '/made/here/');
    await fails(1, /no directory/, 'copy', name, `${root}/a.txt`, '/etc/passwd/x');
    await fails(1, /No such container/, 'config', '--cmd', 'x', 'absent');
    await fails(1, /signal/i, 'config', '--stop-signal', 'NOPE', '--env', 'KEPT=1', name);
    await fails(1, /No such image|not found|denied|manifest/i, 'from', '--pull', 'never', 'absent');
    const plain = await daemon.ok('create', '--name', 'plain', 'busybox');
    await fails(1, /no working container/, 'copy', plain, `${root}/a.txt`, '/');
    await fails(125, /no working container/, 'run', '--build', 'plain', 'true');
    await daemon.ok('container', 'prune', '-f');
    assert.equal(await daemon.ok('diff', name), '');
    assert.doesNotMatch(JSON.stringify(await daemon.inspect(name, '.Config.Env')), /KEPT/);
    await berth('rm', name);
  });
});
