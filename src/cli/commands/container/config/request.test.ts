import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFlags } from '../../../flags/parse.ts';
import { createFlags } from './flags.ts';
import { createRequest } from './request.ts';

function request(...argv: readonly string[]): Record<string, unknown> {
  const { flags, given, args } = parseFlags(createFlags, argv, { interspersed: false });
  const [image = '', ...command] = args;
  const body = createRequest({ flags, given, image, command, env: { HERE: 'here' } });
  // As it goes over the wire: without what is undefined.
  return JSON.parse(JSON.stringify(body)) as Record<string, unknown>;
}

const host = (...argv: readonly string[]) => request(...argv, 'x')['HostConfig'];

describe('createRequest', () => {
  it('says nothing that was not said', () => {
    assert.deepEqual(request('busybox', 'echo', '-n'), {
      Image: 'busybox',
      Cmd: ['echo', '-n'],
      AttachStdout: true,
      AttachStderr: true,
      HostConfig: {},
    });
  });

  it('attaches as asked', () => {
    const streams = (...argv: readonly string[]) => {
      const { AttachStdin, AttachStdout, AttachStderr, OpenStdin, StdinOnce, Tty } = request(...argv, 'x');
      return [AttachStdin, AttachStdout, AttachStderr, OpenStdin, StdinOnce, Tty]
        .map((value) => (value ? 1 : 0))
        .join('');
    };
    assert.equal(streams('-it'), '111111');
    assert.equal(streams('-i', '-a', 'STDERR'), '001100');
    assert.equal(streams('-a', 'stdin', '-i'), '100110');
  });

  it('says who and where', () => {
    const { Env, Labels, Hostname, User, WorkingDir, Entrypoint } = request(
      '-e',
      'A=1',
      '-e',
      'HERE',
      '-e',
      'GONE',
      '-l',
      'a=b',
      '-h',
      'name',
      '-u',
      '1:2',
      '-w',
      '/w',
      '--entrypoint',
      '',
      'x',
    );
    assert.deepEqual(
      { Env, Labels, Hostname, User, WorkingDir, Entrypoint },
      {
        Env: ['A=1', 'HERE=here', 'GONE'],
        Labels: { a: 'b' },
        Hostname: 'name',
        User: '1:2',
        WorkingDir: '/w',
        Entrypoint: [''],
      },
    );
  });

  it('limits', () => {
    assert.deepEqual(
      host(
        '-m',
        '64m',
        '--memory-swap',
        '-1',
        '--cpus',
        '0.5',
        '--pids-limit',
        '10',
        '--cpuset-cpus',
        '0-1',
        '--ulimit',
        'nofile=1:2',
        '--shm-size',
        '1m',
        '--blkio-weight',
        '10',
        '--oom-kill-disable',
      ),
      {
        Memory: 2 ** 26,
        MemorySwap: -1,
        NanoCpus: 5e8,
        PidsLimit: 10,
        CpusetCpus: '0-1',
        Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
        ShmSize: 2 ** 20,
        BlkioWeight: 10,
        OomKillDisable: true,
      },
    );
  });

  it('publishes and exposes', () => {
    const { ExposedPorts, HostConfig } = request('-p', '8080:80', '--expose', '7000-7001', '-P', 'x');
    assert.deepEqual(ExposedPorts, { '80/tcp': {}, '7000/tcp': {}, '7001/tcp': {} });
    assert.deepEqual(HostConfig, {
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
      PublishAllPorts: true,
    });
  });

  it('mounts', () => {
    const { Volumes, HostConfig } = request(
      '-v',
      '/anonymous',
      '-v',
      'v:/v:ro',
      '--mount',
      'type=tmpfs,target=/t',
      '--tmpfs',
      '/s:size=1m',
      '--tmpfs',
      '/u',
      '--volumes-from',
      'other',
      'x',
    );
    assert.deepEqual(Volumes, { '/anonymous': {} });
    assert.deepEqual(HostConfig, {
      Binds: ['v:/v:ro'],
      Mounts: [{ Type: 'tmpfs', Target: '/t' }],
      Tmpfs: { '/s': 'size=1m', '/u': '' },
      VolumesFrom: ['other'],
    });
  });

  it('connects', () => {
    const net = (...argv: readonly string[]) => {
      const { NetworkingConfig, HostConfig } = request(...argv, 'x');
      return [HostConfig, NetworkingConfig];
    };
    assert.deepEqual(net('--network', 'host'), [{ NetworkMode: 'host' }, undefined]);
    assert.deepEqual(net('--net', 'container:web'), [{ NetworkMode: 'container:web' }, undefined]);
    assert.deepEqual(net('--network', 'mine', '--ip', '10.0.0.9', '--network-alias', 'db', '--link', 'a'), [
      { NetworkMode: 'mine' },
      {
        EndpointsConfig: {
          mine: { Aliases: ['db'], Links: ['a:a'], IPAMConfig: { IPv4Address: '10.0.0.9' } },
        },
      },
    ]);
    assert.deepEqual(net('--network', 'one', '--network', 'name=two,alias=b'), [
      { NetworkMode: 'one' },
      { EndpointsConfig: { one: {}, two: { Aliases: ['b'] } } },
    ]);
    assert.deepEqual(net('--link', 'a:b'), [{ Links: ['a:b'] }, undefined]);
    assert.throws(() => net('--network', 'a', '--network', 'a'), /specified multiple times/);
    assert.throws(() => net('--network', 'a', '--network', 'host'), /cannot attach both/);
  });

  it('isolates', () => {
    assert.deepEqual(
      host(
        '--cap-add',
        'NET_ADMIN',
        '--cap-drop',
        'ALL',
        '--privileged',
        '--read-only',
        '--security-opt',
        'no-new-privileges',
        '--pid',
        'host',
        '--ipc',
        'private',
        '--userns',
        'host',
        '--init',
        '--sysctl',
        'net.a=1',
        '--device',
        '/dev/null',
      ),
      {
        CapAdd: ['NET_ADMIN'],
        CapDrop: ['ALL'],
        Privileged: true,
        ReadonlyRootfs: true,
        SecurityOpt: ['no-new-privileges'],
        PidMode: 'host',
        IpcMode: 'private',
        UsernsMode: 'host',
        Init: true,
        Sysctls: { 'net.a': '1' },
        Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/null', CgroupPermissions: 'rwm' }],
      },
    );
    assert.deepEqual(host('--security-opt', 'systempaths=unconfined'), {
      MaskedPaths: [],
      ReadonlyPaths: [],
    });
    assert.deepEqual(host('--init=false'), { Init: false });
  });

  it('checks health', () => {
    const health = (...argv: readonly string[]) => request(...argv, 'x')['Healthcheck'];
    assert.deepEqual(health('--health-cmd', 'true', '--health-interval', '1m', '--health-retries', '2'), {
      Test: ['CMD-SHELL', 'true'],
      Interval: 60e9,
      Retries: 2,
    });
    assert.deepEqual(health('--no-healthcheck'), { Test: ['NONE'] });
    assert.throws(() => health('--health-interval', '1us'), /cannot be less than 1ms/);
    assert.throws(() => health('--health-retries', '-1'), /cannot be negative/);
  });

  it('restarts and logs', () => {
    assert.deepEqual(host('--restart', 'on-failure:3', '--log-driver', 'none'), {
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      LogConfig: { Type: 'none', Config: {} },
    });
    assert.deepEqual(host('--log-opt', 'max-size=1m'), {
      LogConfig: { Type: '', Config: { 'max-size': '1m' } },
    });
  });

  for (const [argv, message] of [
    [['--rm', '--restart', 'always'], 'conflicting options: cannot specify both --restart and --rm'],
    [['--pull', 'foo'], `invalid pull option: 'foo': must be one of "always", "missing" or "never"`],
    [['--no-healthcheck', '--health-cmd', 'x'], '--no-healthcheck conflicts with --health-* options'],
    [['--pid', 'foo'], '--pid: invalid PID mode'],
    [['--uts', 'foo'], '--uts: invalid UTS mode'],
    [['--memory-swappiness', '200'], 'invalid value: 200. Valid memory swappiness range is 0-100'],
    [['--log-driver', 'none', '--log-opt', 'a=b'], 'invalid logging opts for driver none'],
    [['--storage-opt', 'foo'], 'invalid storage option: foo'],
    [['--cpu-count', '1'], '--cpu-count is for Windows containers only'],
    [['--use-api-socket'], '--use-api-socket is not supported by berth'],
  ] as const) {
    it(message, () => assert.throws(() => request(...argv, 'x'), { kind: 'invalid', message }));
  }

  it('a wrong value names its option', () => {
    assert.throws(() => request('--sysctl', 'foo', 'x'), {
      message: `invalid argument "foo" for "--sysctl" flag: sysctl 'foo' is not allowed`,
    });
    assert.throws(() => request('-a', 'foo', 'x'), {
      message: `invalid argument "foo" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`,
    });
  });
});
