import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile({ flags: ['--label', 'rack=7'] });

describe('docker version and info', () => {
  it('version', async () => {
    const version = JSON.parse(await daemon.ok('version', '--format', '{{json .Server}}')) as Record<
      string,
      string
    >;
    assert.match(version['Version'] ?? '', /^\d+\.\d+\.\d+/);
    assert.match(version['ApiVersion'] ?? '', /^1\.\d+$/);
    assert.deepEqual([version['MinAPIVersion'], version['Os'], version['Arch']], ['1.24', 'linux', 'amd64']);
  });

  it('info counts and describes', async () => {
    await daemon.ok('run', '-d', '--name', 'runs', 'busybox', 'sleep', '600');
    await daemon.ok('create', '--name', 'idle', 'busybox');
    const info = JSON.parse(await daemon.ok('info', '--format', '{{json .}}')) as Record<string, unknown>;
    assert.deepEqual(
      [
        info['Containers'],
        info['ContainersRunning'],
        info['ContainersStopped'],
        info['ContainersPaused'],
        info['Images'],
      ],
      [2, 1, 1, 0, 1],
    );
    assert.deepEqual(
      [info['Name'], info['DockerRootDir'], info['Labels'], info['OSType'], info['LiveRestoreEnabled']],
      [hostname(), daemon.dataRoot, ['rack=7'], 'linux', true],
    );
    assert.ok(Number(info['NCPU']) > 0 && Number(info['MemTotal']) > 0);
    assert.ok((info['SecurityOptions'] as string[]).some((option) => option.includes('seccomp')));
    await daemon.ok('rm', '-f', 'runs', 'idle');
  });
});

describe('docker system df', () => {
  it('counts what there is and what could be had back', async () => {
    await daemon.ok(
      'run',
      '--name',
      'wrote',
      '-v',
      'full:/full',
      'busybox',
      'sh',
      '-c',
      'head -c 500000 /dev/zero >/blob; head -c 300000 /dev/zero >/full/blob',
    );
    const lines = (
      await daemon.ok(
        'system',
        'df',
        '--format',
        '{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}|{{.Reclaimable}}',
      )
    ).split('\n');
    assert.match(lines[0] ?? '', /^Images\|1\|1\|[\d.]+MB\|/);
    assert.match(lines[1] ?? '', /^Containers\|1\|0\|5\d\d(\.\d+)?kB\|5\d\d(\.\d+)?kB \(100%\)$/);
    assert.match(lines[2] ?? '', /^Local Volumes\|1\|1\|3\d\d(\.\d+)?kB\|0B \(0%\)$/);
    assert.match(await daemon.ok('system', 'df', '-v'), /full\s+1\s+3\d\d(\.\d+)?kB/);
    await daemon.ok('rm', 'wrote');
    await daemon.ok('volume', 'rm', 'full');
  });
});

describe('prune', () => {
  it('containers: those that do not run', async () => {
    await daemon.ok('run', '-d', '--name', 'runs', 'busybox', 'sleep', '600');
    const created = await daemon.ok('create', 'busybox');
    const exited = await daemon.ok('run', '-d', 'busybox', 'true');
    await daemon.ok('wait', exited);
    const printed = await daemon.ok('container', 'prune', '-f');
    assert.match(printed, /^Deleted Containers:\n/);
    for (const id of [created, exited]) assert.ok(printed.includes(id));
    assert.equal(await daemon.ok('ps', '-a', '--format', '{{.Names}}'), 'runs');
    await daemon.ok('rm', '-f', 'runs');
  });

  it('by label and by age', async () => {
    await daemon.ok('create', '--name', 'keep', '--label', 'keep', 'busybox');
    await daemon.ok('create', '--name', 'drop', 'busybox');
    assert.equal(
      await daemon.ok('container', 'prune', '-f', '--filter', 'until=24h'),
      'Total reclaimed space: 0B',
    );
    await daemon.ok('container', 'prune', '-f', '--filter', 'label!=keep');
    assert.equal(await daemon.ok('ps', '-a', '--format', '{{.Names}}'), 'keep');
    await daemon.ok('rm', 'keep');
  });

  it('system prune: containers and nameless images; --volumes volumes too', async () => {
    await daemon.ok('create', '-v', '/anonymous', '-v', 'named:/named', 'busybox');
    const script =
      'docker run --name step busybox touch /x && docker commit step && docker commit step final';
    await daemon.run('sh', ['-c', script]);
    const printed = await daemon.ok('system', 'prune', '-f', '--volumes');
    assert.match(printed, /Deleted Containers:/);
    assert.match(printed, /Deleted Volumes:\n[0-9a-f]{64}\n/);
    assert.match(printed, /Deleted Images:/);
    assert.match(printed, /Total reclaimed space: /);
    assert.equal(await daemon.ok('volume', 'ls', '-q'), 'named');
    assert.equal(await daemon.ok('images', '-q').then((text) => text.split('\n').length), 2);
    await daemon.ok('volume', 'rm', 'named');
    await daemon.ok('system', 'prune', '-af');
    assert.equal(await daemon.ok('images', '-q'), '');
    await daemon.importBusybox();
  });
});
