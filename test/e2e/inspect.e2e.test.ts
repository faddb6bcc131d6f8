import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const FLAGS = `
  --hostname boat --user 33 --workdir /srv --env A=1 --label l=2 --entrypoint sleep
  --stop-signal SIGINT --stop-timeout 7 --restart on-failure:3 --memory 64m --cpus 1.5 --pids-limit 99
  --cap-add NET_ADMIN --cap-drop KILL --security-opt no-new-privileges --read-only --tmpfs /t:size=1m
  --ulimit nofile=1000:2000 --sysctl kernel.msgmax=4096 --shm-size 8m --oom-score-adj 100 --group-add 7
  --dns 10.0.0.1 --dns-search x.example --add-host h:10.0.0.2 --publish 127.0.0.1:18050:80/tcp --expose 81
  --device /dev/null:/dev/n:rw --init --log-opt max-size=1m --volume vol:/v:ro --mount type=tmpfs,dst=/m`;

const daemon = Daemon.forThisFile({}, (daemon) =>
  daemon.ok('run', '-d', '--name', 'full', ...FLAGS.trim().split(/\s+/), 'busybox', '600'),
);

type Fields = Record<string, unknown>;
const section = async (name: string) => (await daemon.inspect('full', name)) as Fields;

describe('docker inspect of a container', () => {
  it('the top level', async () => {
    const all = await section('.');
    assert.match(String(all['Id']), /^[0-9a-f]{64}$/);
    assert.deepEqual(
      [all['Name'], all['Path'], all['Args'], all['RestartCount'], all['Driver'], all['Platform']],
      ['/full', 'sleep', ['600'], 0, 'overlay2', 'linux'],
    );
    assert.equal(all['Image'], await daemon.inspect('busybox', '.Id'));
    assert.ok(Date.parse(String(all['Created'])) > Date.now() - 600_000);
    for (const key of [
      'State',
      'ResolvConfPath',
      'HostnamePath',
      'HostsPath',
      'LogPath',
      'MountLabel',
      'ProcessLabel',
      'AppArmorProfile',
      'ExecIDs',
      'HostConfig',
      'GraphDriver',
      'Mounts',
      'Config',
      'NetworkSettings',
    ])
      assert.ok(key in all, key);
  });

  it('State', async () => {
    const state = await section('.State');
    assert.deepEqual(
      Object.keys(state)
        .filter((key) => key !== 'Health')
        .toSorted(),
      [
        'Dead',
        'Error',
        'ExitCode',
        'FinishedAt',
        'OOMKilled',
        'Paused',
        'Pid',
        'Restarting',
        'Running',
        'StartedAt',
        'Status',
      ],
    );
    assert.deepEqual(
      [state['Status'], state['Running'], state['Error'], state['FinishedAt']],
      ['running', true, '', '0001-01-01T00:00:00Z'],
    );
  });

  it('Config', async () => {
    const config = await section('.Config');
    assert.deepEqual(
      [
        config['Hostname'],
        config['User'],
        config['WorkingDir'],
        config['Image'],
        config['Tty'],
        config['OpenStdin'],
        config['StdinOnce'],
      ],
      ['boat', '33', '/srv', 'busybox', false, false, false],
    );
    assert.deepEqual(
      [config['Cmd'], config['Entrypoint'], config['Labels'], config['StopSignal'], config['StopTimeout']],
      [['600'], ['sleep'], { l: '2' }, 'SIGINT', 7],
    );
    assert.deepEqual(config['ExposedPorts'], { '80/tcp': {}, '81/tcp': {} });
    assert.ok((config['Env'] as string[]).includes('A=1'));
  });

  it('HostConfig', async () => {
    const host = await section('.HostConfig');
    const expected: Fields = {
      Memory: 64 * 2 ** 20,
      MemorySwap: 128 * 2 ** 20,
      NanoCpus: 1_500_000_000,
      PidsLimit: 99,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      CapAdd: ['CAP_NET_ADMIN'],
      CapDrop: ['CAP_KILL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Tmpfs: { '/t': 'size=1m' },
      Ulimits: [{ Name: 'nofile', Hard: 2000, Soft: 1000 }],
      Sysctls: { 'kernel.msgmax': '4096' },
      ShmSize: 8 * 2 ** 20,
      OomScoreAdj: 100,
      GroupAdd: ['7'],
      Dns: ['10.0.0.1'],
      DnsSearch: ['x.example'],
      ExtraHosts: ['h:10.0.0.2'],
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18050' }] },
      Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/n', CgroupPermissions: 'rw' }],
      Init: true,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
      Binds: ['vol:/v:ro'],
      Mounts: [{ Type: 'tmpfs', Target: '/m' }],
      NetworkMode: 'bridge',
      IpcMode: 'private',
      CgroupnsMode: 'private',
      Privileged: false,
      AutoRemove: false,
      PublishAllPorts: false,
      ConsoleSize: [0, 0],
      Runtime: 'crun',
    };
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, host[key]])), expected);
    assert.ok((host['MaskedPaths'] as string[]).includes('/proc/kcore'));
    assert.ok((host['ReadonlyPaths'] as string[]).includes('/proc/sys'));
  });

  it('Mounts', async () => {
    const mounts = (await daemon.inspect('full', '.Mounts')) as Fields[];
    const byPlace = Object.fromEntries(mounts.map((mount) => [String(mount['Destination']), mount]));
    assert.deepEqual(
      [byPlace['/v']?.['Type'], byPlace['/v']?.['Name'], byPlace['/v']?.['RW']],
      ['volume', 'vol', false],
    );
    assert.equal(byPlace['/m']?.['Type'], 'tmpfs');
  });

  it('NetworkSettings', async () => {
    const settings = await section('.NetworkSettings');
    assert.deepEqual(settings['Ports'], {
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18050' }],
      '81/tcp': null,
    });
    const networks = settings['Networks'] as Record<string, Fields>;
    assert.deepEqual(Object.keys(networks), ['bridge']);
    assert.match(String(networks['bridge']?.['NetworkID']), /^[0-9a-f]{64}$/);
    assert.ok([16, 20].includes(Number(networks['bridge']?.['IPPrefixLen'])));
    assert.match(String(settings['SandboxKey']), /netns/);
  });

  it('-s adds sizes, -f formats, several at once, --type', async () => {
    const sized = JSON.parse(await daemon.ok('inspect', '-s', 'full')) as Fields[];
    assert.ok(Number(sized[0]?.['SizeRootFs']) > 1_000_000);
    assert.equal(typeof sized[0]?.['SizeRw'], 'number');
    assert.equal(
      await daemon.ok('inspect', '-f', '{{.State.Status}} {{index .Config.Cmd 0}}', 'full'),
      'running 600',
    );
    assert.equal(JSON.parse(await daemon.ok('inspect', 'full', 'busybox', 'bridge')).length, 3);
    const typed = await daemon.docker('inspect', '--type', 'image', 'full');
    assert.equal(typed.code, 1);
    assert.match(typed.stderr, /No such image: full/);
  });

  it('names the GraphDriver’s directories', async () => {
    const data = (await section('.GraphDriver'))['Data'] as Record<string, string>;
    for (const key of ['LowerDir', 'UpperDir', 'WorkDir', 'MergedDir'])
      assert.ok(data[key]?.startsWith(daemon.dataRoot), key);
  });
});

it('what no flag of the CLI says: kept, shown, and in force', async () => {
  const HostConfig = {
    Annotations: { 'org.example': 'yes' },
    MaskedPaths: ['/proc/version'],
    ReadonlyPaths: ['/proc/sys/kernel'],
    Umask: 0o077,
    Isolation: 'default',
    // Of Windows: accepted and without meaning here.
    CpuCount: 2,
    CpuPercent: 50,
    IOMaximumIOps: 10,
    IOMaximumBandwidth: 10,
    Cgroup: '',
  };
  const script =
    'umask; wc -c </proc/version; wc -c </proc/kcore | grep -c . ; echo x >/proc/sys/kernel/domainname; ls /sys/class/net';
  const body = {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
    Shell: ['/bin/sh', '-ec'],
    OnBuild: ['RUN true'],
    ArgsEscaped: true,
    NetworkDisabled: true,
    HostConfig,
  };
  const { status, body: answer } = await daemon.request('POST', '/v1.56/containers/create?name=exact', body);
  assert.equal(status, 201, answer);
  const printed = await daemon.docker('start', '-a', 'exact');
  assert.match(printed.stdout, /^0077\n0\n/);
  assert.match(printed.stderr, /domainname: Read-only file system/);
  assert.match(printed.stdout, /\nlo$/m);
  assert.doesNotMatch(printed.stdout, /eth0/);

  const { Config, HostConfig: kept } = (await daemon.request('GET', '/v1.56/containers/exact/json'))
    .json as Record<string, Fields>;
  assert.deepEqual(
    [
      kept?.['Annotations'],
      kept?.['MaskedPaths'],
      kept?.['ReadonlyPaths'],
      kept?.['Umask'],
      kept?.['CpuCount'],
    ],
    [HostConfig.Annotations, HostConfig.MaskedPaths, HostConfig.ReadonlyPaths, 0o077, 0],
  );
  assert.deepEqual([Config?.['Shell'], Config?.['OnBuild']], [body.Shell, body.OnBuild]);
  await daemon.ok('rm', 'exact');
});

it('a MAC address for the container as a whole, until 1.43', async () => {
  const body = {
    Image: 'busybox',
    Cmd: ['cat', '/sys/class/net/eth0/address'],
    MacAddress: '02:42:00:00:00:07',
  };
  assert.equal((await daemon.request('POST', '/v1.43/containers/create?name=mac', body)).status, 201);
  assert.equal(await daemon.ok('start', '-a', 'mac'), body.MacAddress);
  const { Config } = (await daemon.request('GET', '/v1.43/containers/mac/json')).json as Record<
    string,
    Fields
  >;
  assert.equal(Config?.['MacAddress'], body.MacAddress);
  await daemon.ok('rm', 'mac');
});
