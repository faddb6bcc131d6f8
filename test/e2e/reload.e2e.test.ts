import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const file = join('/tmp', `berth-reload-${process.pid}.json`);
process.on('exit', () => rmSync(file, { force: true }));
const configure = (settings: unknown) =>
  writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify(settings));
configure({ labels: ['stage=one'] });
const daemon = Daemon.forThisFile({ flags: ['--config-file', file, '--max-concurrent-uploads', '2'] });

interface Info {
  readonly Labels: string[];
  readonly Debug: boolean;
  readonly DefaultRuntime: string;
  readonly Runtimes: Record<string, { readonly path: string }>;
  readonly LiveRestoreEnabled: boolean;
  readonly RegistryConfig: { readonly Mirrors: string[] | null };
}
const info = async () => (await daemon.request('GET', '/info')).json as Info;

/** SIGHUP, and the attributes of the event that it makes. */
async function reload(settings: unknown): Promise<Record<string, string>> {
  configure(settings);
  const since = String(Date.now() / 1000);
  process.kill(daemon.pid, 'SIGHUP');
  const filters = encodeURIComponent(JSON.stringify({ type: { daemon: true } }));
  let attributes: Record<string, string> | undefined;
  await eventually('the event', async () => {
    const now = String(Date.now() / 1000);
    const { body } = await daemon.request('GET', `/events?since=${since}&until=${now}&filters=${filters}`);
    const last = body.trim().split('\n').at(-1);
    attributes = last
      ? (JSON.parse(last) as { Actor: { Attributes: Record<string, string> } }).Actor.Attributes
      : undefined;
    return attributes !== undefined;
  });
  return attributes ?? {};
}

describe('SIGHUP', () => {
  it('puts new values in force, announces them, and takes back what is left out', async () => {
    assert.deepEqual((await info()).Labels, ['stage=one']);
    const attributes = await reload({
      labels: ['stage=two', 'site=x'],
      debug: true,
      'live-restore': false,
      'shutdown-timeout': 1,
      'max-concurrent-downloads': 7,
      'registry-mirrors': ['https://mirror.example/'],
      'insecure-registries': ['10.0.0.0/8'],
      runtimes: { other: { path: '/usr/bin/crun' } },
      'default-runtime': 'other',
      features: { shiny: true },
    });
    assert.equal(attributes['labels'], '["stage=two","site=x"]');
    assert.equal(attributes['debug'], 'true');
    assert.equal(attributes['live-restore'], 'false');
    assert.equal(attributes['shutdown-timeout'], '1');
    assert.equal(attributes['max-concurrent-downloads'], '7');
    assert.equal(attributes['max-concurrent-uploads'], '2');
    assert.equal(attributes['max-download-attempts'], '5');
    assert.equal(attributes['registry-mirrors'], '["https://mirror.example/"]');
    assert.equal(attributes['insecure-registries'], '["10.0.0.0/8"]');
    assert.equal(attributes['default-runtime'], 'other');
    assert.match(attributes['runtimes'] ?? '', /other:\/usr\/bin\/crun/);
    assert.equal(attributes['features'], 'map[shiny:true]');
    assert.ok(attributes['name']);

    const now = await info();
    assert.deepEqual(now.Labels, ['stage=two', 'site=x']);
    assert.equal(now.Debug, true);
    assert.equal(now.LiveRestoreEnabled, false);
    assert.deepEqual(now.RegistryConfig.Mirrors, ['https://mirror.example/']);
    assert.equal(now.DefaultRuntime, 'other');
    assert.equal(now.Runtimes['other']?.path, '/usr/bin/crun');
    await daemon.ok('run', '--name', 'new', 'busybox', 'true');
    assert.equal(await daemon.inspect('new', '.HostConfig.Runtime'), 'other');
    await daemon.ok('rm', 'new');

    await reload({});
    const then = await info();
    assert.deepEqual([then.Labels, then.Debug, then.LiveRestoreEnabled], [[], false, true]);
    assert.equal((await daemon.docker('run', '--runtime', 'other', 'busybox', 'true')).code, 125);
  });

  it('changes nothing when the file is wrong', async () => {
    await reload({ labels: ['good=1'] });
    for (const [wrong, reason] of [
      ['{', /was not reloaded.*JSON/],
      [{ labels: ['bad=1'], hots: [] }, /option: hots \(did you mean hosts\?\)/],
      [{ labels: ['bad=1'], 'default-runtime': 'none' }, /default runtime 'none' does not exist/],
      [{ labels: ['bad=1'], 'max-concurrent-uploads': 3 }, /both as a flag and in the configuration file/],
    ] as const) {
      configure(wrong);
      process.kill(daemon.pid, 'SIGHUP');
      await eventually(`refusal: ${reason}`, () => reason.test(daemon.log));
    }
    assert.deepEqual((await info()).Labels, ['good=1']);
    configure({});
  });

  it('log-level: at once, in both directions', async () => {
    const asks = (name: string) => daemon.request('GET', `/containers/${name}/json`);
    configure({ 'log-level': 'debug' });
    process.kill(daemon.pid, 'SIGHUP');
    await eventually('it says so', () => /"reloaded configuration".*"log-level":"debug"/.test(daemon.log));
    await asks('told-of');
    assert.match(daemon.log, /request refused.*told-of/);
    await reload({ 'log-level': 'warn' });
    await asks('kept-quiet');
    assert.doesNotMatch(daemon.log, /kept-quiet|"log-level":"warn"/);
    await reload({});
    assert.ok(daemon.log.trimEnd().split('\n').at(-1)?.includes('reloaded configuration'), 'info again');
  });

  it('live-restore off: the next end of the daemon stops containers', async () => {
    await reload({ 'live-restore': false });
    await daemon.ok('run', '-d', '--name', 'ends', '--stop-timeout', '0', 'busybox', 'sleep', '600');
    configure({});
    await daemon.stop();
    await daemon.start();
    assert.equal(await daemon.inspect('ends', '.State.Status'), 'exited');
    await daemon.ok('rm', 'ends');
  });
});

describe('berthd --validate', () => {
  const validate = (settings: unknown) => {
    configure(settings);
    return daemon.run(new URL('../../bin/berthd', import.meta.url).pathname, [
      '--validate',
      '--config-file',
      file,
    ]);
  };

  it('says that all is well, or what is not, as dockerd does', async () => {
    assert.deepEqual(await validate({ debug: true, 'log-driver': 'syslog' }), {
      code: 0,
      stdout: '',
      stderr: 'configuration OK\n',
    });
    for (const [settings, reason] of [
      [{ debuk: true }, /don't match any configuration option: debuk \(did you mean debug\?\)/],
      [{ bip: 'x' }, /bip must be an IPv4 address/],
      [{ 'log-driver': 'papyrus' }, /no log driver named 'papyrus' is registered/],
      [{ 'log-opts': { colour: 'red' } }, /unknown log opt 'colour' for json-file log driver/],
    ] as const) {
      const refused = await validate(settings);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, reason);
    }
    configure({});
  });
});

describe('every key of daemon.json', () => {
  const berthd = new URL('../../bin/berthd', import.meta.url).pathname;
  const path = (name: string) => join(daemon.root, name);
  /** Requests for layers that the registry, which never answers one, has open; and for uploads. */
  const open: ServerResponse[] = [];
  const uploads: ServerResponse[] = [];
  const asked: string[] = [];
  /** Also the proxy for hosts beyond this one, by the whole URL. */
  const registry = createServer((request, response) => {
    const url = request.url ?? '';
    asked.push(url);
    if (url.endsWith('/v2/')) response.end('{}');
    else if (url === BEYOND_FILE) response.end('from beyond');
    else if (request.method === 'POST') uploads.push(response);
    else if (request.method === 'HEAD' && url.includes('/blobs/')) response.writeHead(404).end();
    else if (url.includes('/manifests/'))
      response.setHeader('content-type', MANIFEST.mediaType).end(JSON.stringify(MANIFEST));
    else if (url.endsWith(MANIFEST.config.digest)) response.end(CONFIG);
    else if (url.startsWith(BEYOND) && url.includes('/blobs/')) request.socket.destroy();
    else if (url.includes('/blobs/')) open.push(response);
    else response.writeHead(404).end();
  }).on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  let running: ReturnType<typeof daemon.run> | undefined;
  let tcp = 0;

  before(async () => {
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    ({ port: tcp } = free.address() as AddressInfo);
    free.close();
    certificates(path);
    writeFileSync(path('profile.json'), JSON.stringify(NO_MKDIR));
    writeFileSync(path('runtime'), `#!/bin/sh\necho "$@" >>${path('runtime-calls')}\nexec crun "$@"\n`, {
      mode: 0o755,
    });
    const { port } = registry.address() as AddressInfo;
    configure(everything(path, tcp, port));
    await daemon.stop();
    running = daemon.run(berthd, ['--config-file', file], { timeout: 120_000 });
    await eventually('it answers', async () => (await daemon.docker('version')).code === 0);
  });
  after(async () => {
    registry.closeAllConnections();
    registry.close();
    await daemon.removeAll();
    const pid = Number(readFileSync(path('pid'), 'utf8'));
    process.kill(pid, 'SIGTERM');
    const ended = await running;
    configure({});
    await daemon.start();
    assert.equal(ended?.code, 0, String(ended?.stderr));
    // log-format, log-level, features
    const lines =
      ended?.stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { level: string; features?: string }) ?? [];
    assert.ok(lines.some(({ level }) => level === 'debug'));
    assert.ok(lines.some(({ level, features }) => level === 'warn' && features === 'shiny, buildkit'));
  });
  const shell = (script: string, ...flags: readonly string[]) =>
    daemon.ok('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);

  it('data-root, exec-root, pidfile, hosts, group, labels, exec-opts, live-restore, storage-*', async () => {
    const now = (await daemon.request('GET', '/info')).json as Record<string, unknown>;
    assert.deepEqual(
      [
        now['DockerRootDir'],
        now['Labels'],
        now['CgroupDriver'],
        now['LiveRestoreEnabled'],
        now['ExperimentalBuild'],
      ],
      [daemon.dataRoot, ['a=b'], 'cgroupfs', true, true],
    );
    assert.equal(now['Driver'], 'overlay2');
    assert.match(JSON.stringify(now['DriverStatus']), /\["[^"]*","directory"\]/);
    assert.equal(statSync(path('s')).gid, 33);
    assert.match(
      readFileSync(`/proc/${readFileSync(path('pid'), 'utf8').trim()}/cmdline`, 'utf8'),
      /berthd|main/,
    );
    assert.ok(statSync(join(daemon.execRoot, 'exits')).isDirectory());
  });

  it('tls, tlsverify, tlscacert, tlscert, tlskey', async () => {
    const client = (...flags: readonly string[]) =>
      daemon.run('docker', [
        '-H',
        `tcp://127.0.0.1:${tcp}`,
        '--tlsverify',
        '--tlscacert',
        path('ca.pem'),
        ...flags,
        'version',
        '-f',
        '{{.Server.Os}}',
      ]);
    const known = await client('--tlscert', path('client.pem'), '--tlskey', path('client.key'));
    assert.deepEqual([known.code, known.stdout], [0, 'linux\n'], known.stderr);
    assert.notEqual((await client()).code, 0);
  });

  it('min-api-version, metrics-addr', async () => {
    const old = await daemon.request('GET', '/v1.39/version');
    assert.deepEqual([old.status, (await daemon.request('GET', '/v1.40/version')).status], [400, 200]);
    assert.match(old.body, /Minimum supported API version is 1\.40/);
    const metrics = await fetch(`http://127.0.0.1:${tcp + 1}/metrics`);
    assert.match(await metrics.text(), /^# HELP /);
  });

  it('what a container is made with: limits, init, profiles, namespaces, cgroup, logs, runtime', async () => {
    const script =
      'ulimit -Sn; ulimit -Hn; cat /proc/1/comm; grep NoNewPrivs /proc/self/status; df -k /dev/shm | tail -1; mkdir /no; cat /proc/self/cgroup | head -1';
    const { stdout, stderr } = await daemon.run('docker', [
      'run',
      '--name',
      'made',
      'busybox',
      'sh',
      '-c',
      script,
    ]);
    const [soft, hard, init, privileges, shm, cgroup] = stdout.split('\n');
    assert.deepEqual([soft, hard, privileges], ['333', '444', 'NoNewPrivs:\t1']);
    assert.match(init ?? '', /^(tini|catatonit|docker-init)$/);
    assert.match(shm ?? '', /\s2048\s/);
    assert.match(stderr, /mkdir.*Operation not permitted/);
    assert.match(cgroup ?? '', /berth-json-parent/);
    const { HostConfig } = (await daemon.request('GET', '/containers/made/json')).json as {
      HostConfig: Record<string, unknown>;
    };
    assert.deepEqual(
      [HostConfig['Runtime'], HostConfig['IpcMode'], HostConfig['CgroupnsMode'], HostConfig['LogConfig']],
      ['noted', 'shareable', 'host', { Type: 'local', Config: { 'max-size': '3m' } }],
    );
    assert.match(readFileSync(path('runtime-calls'), 'utf8'), /--debug-like-argument|create/);
    await daemon.ok('rm', 'made');
  });

  it('the default network: bip, fixed-cidr, mtu, dns, dns-opts, dns-search, ip', async () => {
    const script =
      'ip -4 -o addr show eth0; ip route; cat /sys/class/net/eth0/mtu; cat /etc/resolv.conf; cat /etc/hosts';
    const printed = await shell(script, '--add-host', 'gate:host-gateway');
    const [, address = ''] = /inet (198\.18\.200\.\d+)\/24/.exec(printed) ?? [];
    const last = Number(address.split('.').at(-1));
    assert.ok(last >= 128 && last < 192, printed);
    assert.match(printed, /default via 198\.18\.200\.1 /);
    assert.match(printed, /\n1400\n/);
    assert.match(printed, /search json\.example/);
    assert.match(printed, /options .*ndots:3/);
    assert.match(printed, /192\.0\.2\.77\s+gate/);
    await daemon.ok('run', '-d', '--name', 'open', '-p', '80', 'busybox', 'sleep', '600');
    assert.match(await daemon.ok('port', 'open'), /^80\/tcp -> 127\.0\.0\.1:\d+$/);
    await daemon.ok('rm', '-f', 'open');
  });

  it('new networks: default-address-pools, default-network-opts', async () => {
    await daemon.ok('network', 'create', 'pooled');
    assert.match(
      String(await daemon.inspect('pooled', '(index .IPAM.Config 0).Subnet')),
      /^198\.19\.\d+\.\d+\/26$/,
    );
    assert.equal(await shell('cat /sys/class/net/eth0/mtu', '--network', 'pooled'), '1300');
    await daemon.ok('network', 'rm', 'pooled');
  });

  it('proxies, also for what a build fetches; max-download-attempts', async () => {
    const info = (await daemon.request('GET', '/info')).json as Readonly<Record<string, string>>;
    const proxy = info['HttpProxy'] ?? '';
    assert.match(proxy, /^http:\/\/xxxxx:xxxxx@127\.0\.0\.1:\d+$/);
    assert.deepEqual([info['HttpsProxy'], info['NoProxy']], [proxy, 'none.example']);
    const { code, stderr } = await daemon.docker('pull', `${BEYOND.slice('http://'.length)}/far/away:now`);
    assert.equal(code, 1, stderr);
    const tries = Map.groupBy(
      asked.filter((url) => url.startsWith(BEYOND) && url.includes('/blobs/sha256:')),
      (url) => url,
    );
    assert.equal(Math.max(...[...tries.values()].map(({ length }) => length)), 2, JSON.stringify([...tries]));
    await daemon.okWith(`FROM busybox\nADD ${BEYOND_FILE} /added`, 'build', '-q', '-t', 'fetched', '-');
    assert.equal(await daemon.ok('run', '--rm', 'fetched', 'cat', '/added'), 'from beyond');
    await daemon.ok('rmi', 'fetched');
  });

  it('max-concurrent-uploads', async () => {
    const name = `127.0.0.1:${(registry.address() as AddressInfo).port}/pushed`;
    const layers = ['one', 'two', 'three'].map((word) => `COPY ${word} /`).join('\n');
    const context = path('context');
    mkdirSync(context);
    for (const word of ['one', 'two', 'three']) writeFileSync(join(context, word), word);
    writeFileSync(join(context, 'Dockerfile'), `FROM busybox\n${layers}`);
    await daemon.ok('build', '-q', '-t', name, context);
    await using push = daemon.spawn('push', name);
    await eventually('as much at a time as may be', () => uploads.length === 2);
    await daemon.request('GET', '/_ping');
    assert.equal(uploads.length, 2);
    for (const response of uploads) response.writeHead(403).end();
    registry.closeAllConnections();
    assert.equal(await push.exit(), 1);
    await daemon.ok('rmi', name);
  });

  it('registries: registry-mirrors, insecure-registries, max-concurrent-downloads', async () => {
    const info = (await daemon.request('GET', '/info')).json as Info & {
      RegistryConfig: { InsecureRegistryCIDRs: string[] };
    };
    assert.ok(info.RegistryConfig.InsecureRegistryCIDRs.includes('192.0.2.0/24'));
    await using pull = daemon.spawn('pull', 'only/here:now');
    await eventually('it asks the mirror', () =>
      asked.some((url) => url.startsWith('/v2/only/here/manifests/now')),
    );
    await eventually('as much at a time as may be', () => open.length === 2);
    await daemon.request('GET', '/_ping');
    assert.equal(open.length, 2);
    for (const response of open) response.writeHead(404).end();
    registry.closeAllConnections();
    assert.equal(await pull.exit(), 1);
  });
});

/** Nobody is there: only a proxy can answer for it. */
const BEYOND = 'http://192.0.2.9:5000';
const BEYOND_FILE = `${BEYOND}/file`;
const layer = (digit: string) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: `sha256:${digit.repeat(64)}`,
  size: 1000,
});
const CONFIG = JSON.stringify({
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  os: 'linux',
  config: {},
  rootfs: { type: 'layers', diff_ids: ['1', '2', '3', '4', '5'].map((digit) => layer(digit).digest) },
});
const MANIFEST = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: `sha256:${createHash('sha256').update(CONFIG).digest('hex')}`,
    size: CONFIG.length,
  },
  layers: ['1', '2', '3', '4', '5'].map(layer),
};
const NO_MKDIR = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
};

function certificates(path: (name: string) => string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', path('ca.key'), '-out', path('ca.pem'), '-subj', '/CN=ca');
  writeFileSync(path('san'), 'subjectAltName=IP:127.0.0.1\n');
  for (const name of ['server', 'client']) {
    openssl(
      'req',
      ...key,
      '-keyout',
      path(`${name}.key`),
      '-out',
      path(`${name}.csr`),
      '-subj',
      `/CN=${name}`,
    );
    const signer = [
      '-CA',
      path('ca.pem'),
      '-CAkey',
      path('ca.key'),
      '-CAcreateserial',
      '-extfile',
      path('san'),
    ];
    openssl('x509', '-req', '-in', path(`${name}.csr`), ...signer, '-out', path(`${name}.pem`));
  }
}

/** `userns-remap` and the keys of IPv6 have tests of their own. */
const everything = (path: (name: string) => string, tcp: number, registry: number) => ({
  hosts: [daemon.host, `tcp://127.0.0.1:${tcp}`],
  'data-root': daemon.dataRoot,
  'exec-root': daemon.execRoot,
  pidfile: path('pid'),
  group: '33',
  tls: true,
  tlsverify: true,
  tlscacert: path('ca.pem'),
  tlscert: path('server.pem'),
  tlskey: path('server.key'),
  'log-format': 'json',
  'log-level': 'debug',
  'min-api-version': '1.40',
  'metrics-addr': `127.0.0.1:${tcp + 1}`,
  labels: ['a=b'],
  experimental: true,
  'live-restore': true,
  'exec-opts': ['native.cgroupdriver=cgroupfs'],
  'cgroup-parent': '/berth-json-parent',
  'default-ulimits': { nofile: { Name: 'nofile', Soft: 333, Hard: 444 } },
  'default-shm-size': '2m',
  'default-cgroupns-mode': 'host',
  'default-ipc-mode': 'shareable',
  init: true,
  'no-new-privileges': true,
  'seccomp-profile': path('profile.json'),
  runtimes: { noted: { path: path('runtime') } },
  'default-runtime': 'noted',
  'log-driver': 'local',
  'log-opts': { 'max-size': '3m' },
  bip: '198.18.200.1/24',
  'fixed-cidr': '198.18.200.128/26',
  mtu: 1400,
  ip: '127.0.0.1',
  dns: ['192.0.2.53'],
  'dns-opts': ['ndots:3'],
  'dns-search': ['json.example'],
  'host-gateway-ips': ['192.0.2.77'],
  'default-address-pools': [{ base: '198.19.0.0/16', size: 26 }],
  'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': '1300' } },
  'registry-mirrors': [`http://127.0.0.1:${registry}`],
  'insecure-registries': ['192.0.2.0/24'],
  'max-concurrent-downloads': 2,
  'max-concurrent-uploads': 2,
  'max-download-attempts': 2,
  proxies: {
    'http-proxy': `http://user:secret@127.0.0.1:${registry}`,
    'https-proxy': `http://user:secret@127.0.0.1:${registry}`,
    'no-proxy': 'none.example',
  },
  'storage-driver': 'overlay2',
  'storage-opts': ['layers=directory'],
  features: { shiny: true, buildkit: false },
  'raw-logs': true,
  'shutdown-timeout': 1,
});
