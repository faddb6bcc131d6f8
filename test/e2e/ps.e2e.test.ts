import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

// One container in each of several states.
const daemon = Daemon.forThisFile({}, async (daemon) => {
  await daemon.ok('volume', 'create', 'shelf');
  await daemon.ok('tag', 'busybox', 'other:tag');
  await daemon.ok('create', '--name', 'created', '--label', 'tier=back', 'busybox', 'true');
  await daemon.docker('run', '--name', 'failed', 'busybox', 'sh', '-c', 'exit 3');
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'web',
    '--label',
    'tier=front',
    '-p',
    '127.0.0.1:18040:80',
    '--expose',
    '99',
    '-v',
    'shelf:/shelf',
    'busybox',
    'sleep',
    '600',
  );
  await daemon.ok('run', '-d', '--name', 'frozen', 'other:tag', 'sleep', '600');
  await daemon.ok('pause', 'frozen');
});

const names = async (...args: readonly string[]) =>
  (await daemon.ok('ps', '--format', '{{.Names}}', ...args)).split('\n').filter(Boolean);

describe('docker ps', () => {
  it('shows what runs; -a all; newest first', async () => {
    assert.deepEqual(await names(), ['frozen', 'web']);
    assert.deepEqual(await names('-a'), ['frozen', 'web', 'failed', 'created']);
  });

  it('-n and -l', async () => {
    assert.deepEqual(await names('-n', '3'), ['frozen', 'web', 'failed']);
    assert.deepEqual(await names('-l'), ['frozen']);
  });

  it('-q and --no-trunc', async () => {
    const [short] = (await daemon.ok('ps', '-q')).split('\n');
    const [long] = (await daemon.ok('ps', '-q', '--no-trunc')).split('\n');
    assert.match(short ?? '', /^[0-9a-f]{12}$/);
    assert.match(long ?? '', /^[0-9a-f]{64}$/);
    assert.equal(long?.slice(0, 12), short);
  });

  it('-s has sizes', async () => {
    await daemon.ok('exec', 'web', 'sh', '-c', 'head -c 100000 /dev/zero >/blob');
    const [size] = (await daemon.ok('ps', '-s', '--format', '{{.Size}}', '-f', 'name=web')).split('\n');
    assert.match(size ?? '', /^1[0-9.]+kB \(virtual [\d.]+MB\)$/);
  });

  it('columns', async () => {
    const [header, ...rows] = (await daemon.ok('ps', '-a')).split('\n');
    assert.match(header ?? '', /^CONTAINER ID\s+IMAGE\s+COMMAND\s+CREATED\s+STATUS\s+PORTS\s+NAMES$/);
    assert.equal(rows.length, 4);
    assert.match(
      rows[0] ?? '',
      /^[0-9a-f]{12}\s+other:tag\s+"sleep 600"\s+.* ago\s+Up .* \(Paused\)\s+frozen$/,
    );
    assert.match(
      rows[1] ?? '',
      /busybox\s+"sleep 600"\s.*\s+Up .*\s+99\/tcp, 127\.0\.0\.1:\d+->80\/tcp\s+web$/,
    );
    assert.match(rows[2] ?? '', /"sh -c 'exit 3'"\s.*\s+Exited \(3\) .* ago\s+failed$/);
    assert.match(rows[3] ?? '', /"true"\s.*\s+Created\s+created$/);
  });

  it('fields', async () => {
    const line = await daemon.ok(
      'ps',
      '--format',
      '{{.Names}}|{{.Image}}|{{.State}}|{{.Labels}}|{{.Mounts}}|{{.Networks}}|{{.LocalVolumes}}',
      '-f',
      'name=web',
    );
    assert.equal(line, 'web|busybox|running|tier=front|shelf|bridge|1');
    const json = JSON.parse(await daemon.ok('ps', '--format', 'json', '-f', 'name=web')) as Record<
      string,
      string
    >;
    assert.deepEqual(
      [json['Names'], json['State'], json['RunningFor'] !== undefined],
      ['web', 'running', true],
    );
    assert.equal(await daemon.ok('ps', '-f', 'name=web', '--format', '{{.Label "tier"}}'), 'front');
  });
});

describe('filters of docker ps', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['status=exited', ['failed']],
    ['status=created', ['created']],
    ['status=paused', ['frozen']],
    ['status=running', ['web']],
    ['exited=3', ['failed']],
    ['exited=0', []],
    ['name=fro', ['frozen']],
    ['name=^/?web$', ['web']],
    ['label=tier', ['web', 'created']],
    ['label=tier=back', ['created']],
    ['ancestor=busybox', ['frozen', 'web', 'failed', 'created']],
    ['ancestor=nosuch', []],
    ['volume=shelf', ['web']],
    ['volume=/shelf', ['web']],
    ['network=bridge', ['frozen', 'web', 'failed', 'created']],
    ['publish=18040', ['web']],
    ['publish=80', []],
    ['expose=99/tcp', ['web']],
    ['expose=100', []],
    ['before=web', ['failed', 'created']],
    ['since=failed', ['frozen', 'web']],
    ['health=none', ['frozen', 'web', 'failed', 'created']],
    ['is-task=false', ['frozen', 'web', 'failed', 'created']],
  ];
  for (const [filter, expected] of cases)
    it(filter, async () => {
      assert.deepEqual(await names('-a', '-f', filter), expected);
    });

  it('two of one kind widen, of different kinds narrow', async () => {
    assert.deepEqual(await names('-a', '-f', 'status=exited', '-f', 'status=created'), ['failed', 'created']);
    assert.deepEqual(await names('-a', '-f', 'label=tier', '-f', 'status=created'), ['created']);
  });

  it('id', async () => {
    const id = String(await daemon.inspect('web', '.Id'));
    assert.deepEqual(await names('-f', `id=${id.slice(0, 10)}`), ['web']);
  });

  it('since and before as parameters, as they once were', async () => {
    const listed = async (query: string) =>
      ((await daemon.request('GET', `/v1.24/containers/json?all=1&${query}`)).json as { Names: string[] }[])
        .map(({ Names }) => Names[0])
        .toSorted();
    assert.deepEqual(await listed('since=web'), ['/frozen']);
    assert.deepEqual(await listed('before=failed'), ['/created']);
    assert.deepEqual(await listed('since=created&before=frozen'), ['/failed', '/web']);
  });

  it('unknown ones and bad values are refused', async () => {
    for (const [filter, message] of [
      ['nosuch=1', /invalid filter 'nosuch'/],
      ['status=nosuch', /invalid filter 'status=nosuch'|Unrecognised filter value for status: nosuch/i],
      ['exited=x', /invalid syntax|invalid filter 'exited=x'|invalid/],
      ['since=nosuch', /No such container: nosuch/],
    ] as const) {
      const result = await daemon.docker('ps', '-a', '-f', filter);
      assert.equal(result.code, 1, filter);
      assert.match(result.stderr, message);
    }
  });
});

describe('docker top and port', () => {
  it('top lists the processes, with the columns of ps options', async () => {
    const lines = (await daemon.ok('top', 'web')).split('\n');
    assert.match(lines[0] ?? '', /^UID\s+PID\s+PPID\s+C\s+STIME\s+TTY\s+TIME\s+CMD$/);
    assert.match(
      lines[1] ?? '',
      new RegExp(`^root\\s+${await daemon.inspect('web', '.State.Pid')}\\s.*sleep 600$`),
    );
    assert.match(await daemon.ok('top', 'web', '-o', 'pid,comm'), /^PID\s+COMMAND\n\d+\s+sleep$/);
  });

  it('top of what does not run', async () => {
    const result = await daemon.docker('top', 'created');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /container [0-9a-f]{64} is not running/i);
  });

  it('port', async () => {
    assert.match(await daemon.ok('port', 'web'), /^80\/tcp -> 127\.0\.0\.1:\d+$/);
    assert.match(await daemon.ok('port', 'web', '80'), /^127\.0\.0\.1:\d+$/);
    assert.equal((await daemon.docker('port', 'web', '99')).code, 1);
  });
});
