import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarHeader } from '#oci/layer';
import { Daemon, eventually, type Result } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';
import { dockerArchive, noise, tarOf } from './archives.ts';
import { expectTidy } from './leftovers.ts';

const MEGABYTE = 2 ** 20;
const NO_SPACE = /no space left on device/i;

async function open(): Promise<Daemon> {
  const daemon = await Daemon.start({ disk: 40 });
  await daemon.importBusybox();
  return daemon;
}

function freeBytes({ dataRoot }: Daemon): number {
  const { bavail, bsize } = statfsSync(dataRoot);
  return bavail * bsize;
}

/** Takes what space there is, until it is disposed. */
function fill({ dataRoot }: Daemon): Disposable {
  const ballast = join(dataRoot, 'ballast');
  // Large blocks first, then what is left between them.
  const writes = ['64k', '4k', '512'].map(
    (size) => `dd if=/dev/zero of=${ballast}.${size} bs=${size} 2>/dev/null`,
  );
  execFileSync('sh', ['-c', `${writes.join('; ')}; sync -f ${dataRoot}; true`]);
  return {
    [Symbol.dispose]: () => {
      for (const size of ['64k', '4k', '512']) rmSync(`${ballast}.${size}`, { force: true });
    },
  };
}

function expectNoSpace({ code, stderr, stdout }: Result): void {
  assert.notEqual(code, 0);
  assert.match(stderr + stdout, NO_SPACE);
}

test('an image that does not fit: load, import and pull say so, and leave nothing', async () => {
  await using daemon = await open();
  const space = freeBytes(daemon);
  const big = { file: noise(space) };
  expectNoSpace(
    await daemon.run('docker', ['load'], { input: await dockerArchive('big:latest', [{ small: 'x' }, big]) }),
  );
  await expectTidy(daemon);
  expectNoSpace(await daemon.run('docker', ['import', '-', 'big'], { input: await tarOf(big) }));
  await expectTidy(daemon);
  // It fits once, as it comes, and not a second time, unpacked.
  const half = await dockerArchive('half:latest', [{ file: noise(space * 0.6) }]);
  expectNoSpace(await daemon.run('docker', ['load'], { input: half }));
  await expectTidy(daemon);
  {
    await using registry = await Registry.start();
    const file = join(daemon.root, 'big.tar');
    writeFileSync(file, await dockerArchive('big:latest', [{ small: 'y' }, big]));
    await registry.fill(`docker-archive:${file}`, 'big:latest');
    expectNoSpace(await daemon.docker('pull', `${registry.host}/big:latest`));
  }
  await expectTidy(daemon);
  assert.equal(await daemon.ok('images', '-q', 'big'), '');
  await eventually('the space is there again', () => freeBytes(daemon) > space - MEGABYTE);
  await daemon.ok('run', '--rm', 'busybox', 'true');
});

test('an archive that never ends: it is refused when the disk is full, and leaves nothing', async () => {
  await using daemon = await open();
  const space = freeBytes(daemon);
  const header = join(daemon.root, 'header');
  writeFileSync(header, tarHeader({ path: 'layer.tar', type: 'file', mode: 0o644, size: 7 * 2 ** 30 }));
  expectNoSpace(await daemon.run('sh', ['-c', `cat ${header} /dev/zero | docker load`]));
  expectNoSpace(await daemon.run('sh', ['-c', `cat ${header} /dev/urandom | docker import - endless`]));
  await expectTidy(daemon);
  await eventually('the space is there again', () => freeBytes(daemon) > space - MEGABYTE);
});

test('a container that fills the disk: it is told, others go on, and removing it helps', async () => {
  await using daemon = await open();
  await daemon.ok('run', '-d', '--name', 'other', 'busybox', 'sh', '-c', 'while :; do date; sleep 0.1; done');
  const greedy = await daemon.docker(
    'run',
    '--name',
    'greedy',
    'busybox',
    'dd',
    'if=/dev/zero',
    'of=/file',
    'bs=1M',
  );
  assert.equal(greedy.code, 1);
  assert.match(greedy.stderr, NO_SPACE);
  assert.equal(
    await daemon.ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'greedy'),
    'exited 1',
  );
  assert.equal(await daemon.ok('inspect', '-f', '{{.State.Status}}', 'other'), 'running');
  const file = join(daemon.root, 'file');
  writeFileSync(file, noise(5 * MEGABYTE));
  expectNoSpace(await daemon.docker('cp', file, 'other:/copy'));
  await daemon.ok('rm', 'greedy');
  await eventually('the space is there again', () => freeBytes(daemon) > 10 * MEGABYTE);
  await daemon.ok('cp', file, 'other:/copy');
  await expectTidy(daemon);
});

test('with no byte left every verb fails by name or works, and nothing is left of what failed', async () => {
  await using daemon = await open();
  await daemon.ok('run', '-d', '--name', 'running', 'busybox', 'sleep', '1000');
  await daemon.ok('create', '--name', 'created', 'busybox', 'true');
  await daemon.ok('volume', 'create', 'vol');
  {
    using _ = fill(daemon);
    const verbs = [
      ['run', '-d', '--name', 'new', 'busybox', 'sleep', '1000'],
      ['create', '-v', '/etc', 'busybox'],
      ['cp', '/bin/busybox', 'created:/copy'],
      ['start', 'created'],
      ['exec', 'running', 'true'],
      ['tag', 'busybox', 'other'],
      ['commit', 'running', 'made'],
      ['volume', 'create', 'more'],
      ['network', 'create', 'net'],
      ['rename', 'created', 'renamed'],
    ];
    for (const verb of verbs) {
      const result = await daemon.docker(...verb);
      if (result.code !== 0) assert.match(result.stderr, NO_SPACE, verb.join(' '));
    }
    for (const verb of [['ps', '-a'], ['images'], ['inspect', 'running'], ['logs', 'running'], ['info']])
      await daemon.ok(...verb);
    await expectTidy(daemon);
    await daemon.ok('kill', 'running');
    await daemon.ok('rm', '-f', 'running');
  }
  await daemon.ok('run', '--rm', 'busybox', 'true');
  await expectTidy(daemon);
});

test('a daemon starts on a full disk: how else could it be emptied', async () => {
  await using daemon = await open();
  await daemon.ok('run', '-d', '--name', 'running', '--restart', 'always', 'busybox', 'sleep', '1000');
  await daemon.ok('run', '--name', 'big', 'busybox', 'dd', 'if=/dev/zero', 'of=/file', 'bs=1M', 'count=5');
  {
    using _ = fill(daemon);
    await daemon.kill9();
    await daemon.start();
    assert.equal(await daemon.ok('inspect', '-f', '{{.State.Status}}', 'running'), 'running');
    await daemon.ok('rm', 'big');
    await eventually('there is space', () => freeBytes(daemon) > 4 * MEGABYTE);
    await daemon.ok('run', '--rm', 'busybox', 'true');
  }
  await expectTidy(daemon);
});
