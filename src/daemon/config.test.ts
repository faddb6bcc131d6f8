import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Config, loadConfig } from './config.ts';
import { parseArguments, usage } from './parse-arguments.ts';

const directory = mkdtempSync(join(tmpdir(), 'berth-config-'));
after(() => rmSync(directory, { recursive: true }));

function load(argv: readonly string[], file?: unknown): Config {
  if (file === undefined) return loadConfig(parseArguments(argv));
  const path = join(directory, 'daemon.json');
  writeFileSync(path, typeof file === 'string' ? file : JSON.stringify(file));
  return loadConfig(parseArguments([...argv, '--config-file', path]));
}

test('nothing given', () => {
  const config = load([]);
  assert.deepEqual(config.hosts, ['unix:///run/berth/berthd.sock']);
  assert.equal(config.engine.dataRoot, '/var/lib/berth');
  assert.equal(config.pidfile, '/run/berth/berthd.pid');
  assert.equal(config.logLevel, 'info');
});

test('flags in every spelling', () => {
  const config = load([
    '-H',
    'unix:///a',
    '--host=tcp://127.0.0.1:1',
    '-Htcp://b',
    '-D',
    '--exec-root',
    '/run/x/',
    '--live-restore=false',
    '--add-runtime',
    'runc=/usr/sbin/runc',
    '--default-ulimit=nofile=1:2',
    '--log-opt',
    'max-size=1m',
    '--log-opt=max-file=2',
    '--exec-opt',
    'native.cgroupdriver=systemd',
  ]);
  assert.deepEqual(config.hosts, ['unix:///a', 'tcp://127.0.0.1:1', 'tcp://b']);
  assert.equal(config.logLevel, 'debug');
  assert.equal(config.engine.execRoot, '/run/x');
  assert.equal(config.engine.liveRestore, false);
  assert.deepEqual(config.engine.runtimes, [{ name: 'runc', path: '/usr/sbin/runc', args: [] }]);
  assert.deepEqual(config.engine.defaultUlimits, [{ name: 'nofile', soft: 1, hard: 2 }]);
  assert.deepEqual(config.engine.logConfig, {
    driver: 'json-file',
    options: { 'max-size': '1m', 'max-file': '2' },
  });
  assert.equal(config.engine.cgroupDriver, 'systemd');
});

test('daemon.json', () => {
  const config = load(['--add-runtime=a=/a'], {
    hosts: ['unix:///c'],
    'live-restore': false,
    runtimes: { b: { path: '/b', runtimeArgs: ['--x'] } },
    'default-ulimits': { nofile: { Name: 'nofile', Soft: 1, Hard: 2 } },
    'default-shm-size': '1m',
    labels: ['a=b'],
  });
  assert.deepEqual(config.hosts, ['unix:///c']);
  assert.deepEqual(config.engine.runtimes, [
    { name: 'b', path: '/b', args: ['--x'] },
    { name: 'a', path: '/a', args: [] },
  ]);
  assert.equal(config.engine.defaultShmSize, 1024 * 1024);
  assert.deepEqual(config.engine.labels, ['a=b']);
});

for (const [argv, message] of [
  [['--foo'], 'unknown flag: --foo'],
  [['-x'], "unknown shorthand flag: 'x' in -x"],
  [['run'], '"berthd" accepts no arguments, and got "run"'],
  [['--data-root'], 'flag needs an argument: --data-root'],
  [['--mtu', 'x'], 'invalid argument "x" for "--mtu" flag: invalid number "x"'],
  [['--debug=maybe'], 'invalid argument "maybe" for "--debug" flag: invalid boolean "maybe"'],
  [
    ['--add-runtime', 'x'],
    'invalid argument "x" for "--add-runtime" flag: invalid value "x": use name=value',
  ],
  [['--data-root', 'x'], 'invalid argument "x" for "--data-root" flag: must be an absolute path, not "x"'],
  [['--data-rot', 'x'], 'unknown flag: --data-rot (did you mean --data-root?)'],
  [
    ['-l', 'loud'],
    'invalid argument "loud" for "-l" flag: must be one of debug, info, warn, error, fatal, not "loud"',
  ],
  [['--tlsverify'], 'TLS needs --tlscert and --tlskey'],
] as const) {
  test(`refused: ${argv.join(' ')}`, () => assert.throws(() => load(argv), { kind: 'invalid', message }));
}

for (const [file, message] of [
  ['{', /unable to configure the daemon with file .*daemon\.json: .*JSON/],
  [[], /it must hold a JSON object/],
  [{ foo: 1, bar: 2 }, /the following directives don't match any configuration option: foo, bar/],
  [{ hosts: 'unix:///a' }, /hosts must be an array of strings/],
  [
    { log_level: 'info', hots: [] },
    /option: log_level \(did you mean log-level\?\), hots \(did you mean hosts\?\)/,
  ],
  [{ debug: 'yes' }, /debug must be true or false/],
  [{ mtu: 1.5 }, /mtu must be a whole number/],
  [{ mtu: -1 }, /mtu must not be less than 0/],
  [{ 'log-opts': { 'max-size': 5 } }, /log-opts must be an object of strings: max-size is 5/],
  [{ labels: ['x'] }, /labels "x" must be of the form key=value/],
  [{ labels: ['x=1', 'x=2'] }, /conflict labels for x=1 and x=2/],
  [{ bip: '10.0.0.1' }, /bip must be an IPv4 address and prefix such as 172.20.0.1\/16, not "10.0.0.1"/],
  [{ 'fixed-cidr-v6': '10.0.0.0/8' }, /fixed-cidr-v6 must be an IPv6 address and prefix/],
  [{ dns: ['resolver'] }, /dns must be an IP address, not "resolver"/],
  [{ 'dns-search': ['a b'] }, /dns-search "a b" is not a valid domain/],
  [{ 'registry-mirrors': ['mirror:5000'] }, /registry-mirrors "mirror:5000" is not an http\(s\) URL/],
  [{ 'registry-mirrors': ['https://u:p@m'] }, /registry-mirrors .* must have no user, query or fragment/],
  [{ 'insecure-registries': ['http://r:5000'] }, /insecure-registries .* without a scheme/],
  [
    { 'default-address-pools': [{ base: '10.0.0.0/16' }] },
    /must give pool 10.0.0.0\/16 a size from 16 to 32/,
  ],
  [{ 'default-address-pools': [{ base: '10.0.0.0/16', size: 8 }] }, /a size from 16 to 32/],
  [{ 'default-address-pools': [{ base: 'x', size: 8 }] }, /default-address-pools must be an IPv4 address/],
  [
    { 'default-ulimits': { nofile: { Name: 'nofile', Soft: 2, Hard: 1 } } },
    /soft limit must be less than or equal to hard limit: nofile/,
  ],
  [{ 'default-ipc-mode': 'host' }, /default-ipc-mode must be one of shareable, private, not "host"/],
  [
    { 'exec-opts': ['native.cgroupdriver'] },
    /invalid exec-opt \(native.cgroupdriver\): must be formatted 'opt=value'/,
  ],
  [{ 'exec-opts': ['isolation=process'] }, /unknown option: 'isolation'/],
  [{ 'min-api-version': '1.99' }, /min-api-version must be from 1.24 to 1.\d+, and is 1.99/],
  [{ 'min-api-version': 'v1.44' }, /without the prefix "v"/],
  [{ 'metrics-addr': '9323' }, /metrics-addr must be address:port such as 127.0.0.1:9323, not "9323"/],
  [{ hosts: ['http://x'] }, /invalid host "http:\/\/x"/],
  [{ iptables: false }, /iptables cannot be false: published ports and masquerade live in an nftables table/],
  [{ proxies: { 'http-proxy': 'nonsense' } }, /http-proxy must be a proxy such as/],
  [{ 'storage-driver': 'zfs' }, /storage-driver must be one of overlay2, not "zfs"/],
  [{ 'storage-opts': ['overlay2.size=1g'] }, /storage-opts cannot have "overlay2.size=1g"/],
  [{ 'storage-opts': ['layers=zip'] }, /storage-opts cannot have "layers=zip": there is layers=auto/],
  [{ builder: { gc: { policy: [] } } }, /builder knows gc, with enabled and .*, and not policy/],
  [{ builder: { gc: { defaultKeepStorage: 'much' } } }, /builder invalid size: 'much'/],
  [{ builder: { gc: { enabled: 'yes' } } }, /builder must be true or false/],
  [{ 'host-gateway-ip': 'gateway' }, /host-gateway-ips must be an IP address, not "gateway"/],
  [{ features: { x: 1 } }, /features must be true or false/],
  [{ runtimes: { a: {} } }, /runtimes must give runtime a a path/],
  [{ 'config-file': '/x' }, /don't match any configuration option: config-file/],
] as const) {
  test(`refused in the file: ${JSON.stringify(file)}`, () => {
    assert.throws(() => load([], file), { kind: 'invalid', message });
  });
}

test('what flag and file both say is refused by name', () => {
  assert.throws(
    () => load(['-l', 'debug', '--bip', '10.0.0.1/8'], { 'log-level': 'info', bip: '10.1.0.1/16' }),
    {
      message:
        /specified both as a flag and in the configuration file: bip: \(from flag: 10.0.0.1\/8, from file: 10.1.0.1\/16\), log-level: \(from flag: debug, from file: info\)/,
    },
  );
});

test('a file that was named must be there', () => {
  assert.throws(() => load(['--config-file', join(directory, 'none.json')]), { message: /ENOENT/ });
});

test('the help names every flag', () => {
  for (const flag of ['--data-root', '-H, --host', '--tlsverify']) assert.ok(usage().includes(flag), flag);
});

test('every key of the file reaches the engine', () => {
  const config = load([], {
    'default-address-pools': [{ base: '10.200.0.0/16', size: 24 }],
    'fixed-cidr': '10.1.0.0/24',
    icc: false,
    ipv6: false,
    ip: '127.0.0.1',
    'publish-policy': 'manual',
    'userns-remap': 'default',
    'min-api-version': '1.44',
    'metrics-addr': '127.0.0.1:9323',
    'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': '1400' } },
    'max-concurrent-uploads': 2,
    'max-download-attempts': 7,
    proxies: { 'http-proxy': 'http://proxy:3128', 'no-proxy': 'localhost' },
    'http-proxy': null,
    features: { 'containerd-snapshotter': true },
    iptables: true,
  });
  const { engine } = config;
  assert.deepEqual(engine.addressPools, [{ base: '10.200.0.0/16', size: 24 }]);
  assert.equal(engine.fixedCidr, '10.1.0.0/24');
  assert.equal(engine.icc, false);
  assert.equal(engine.ipv6, false);
  assert.equal(engine.publishAddress, '127.0.0.1');
  assert.equal(engine.publishPolicy, 'manual');
  assert.equal(engine.usernsRemap, 'default');
  assert.deepEqual(engine.networkOptions, { bridge: { 'com.docker.network.driver.mtu': '1400' } });
  assert.equal(engine.maxConcurrentUploads, 2);
  assert.equal(engine.maxDownloadAttempts, 7);
  assert.equal(engine.proxies?.http, 'http://proxy:3128');
  assert.equal(engine.proxies?.none, 'localhost');
  assert.deepEqual(engine.features, { 'containerd-snapshotter': true });
  assert.equal(config.minApiVersion, '1.44');
  assert.equal(config.metricsAddress, '127.0.0.1:9323');
});

test('what is in many files of dockerd', () => {
  const load1 = (file: object) => load([], file).engine;
  const { buildCachePolicy } = load1({ builder: { gc: { enabled: true, defaultKeepStorage: '20GB' } } });
  assert.deepEqual(buildCachePolicy, { keep: 20 * 2 ** 30 });
  for (const engine of [load1({ builder: { gc: { enabled: false } } }), load(['--builder', 'gc=0']).engine])
    assert.equal(engine.buildCachePolicy?.keep, Number.POSITIVE_INFINITY);
  assert.deepEqual(load(['--builder', 'gc=5g']).engine.buildCachePolicy, { keep: 5 * 2 ** 30 });
  assert.deepEqual(load1({ 'host-gateway-ip': '10.0.0.1' }).hostGateways, ['10.0.0.1']);
  const options = ['layers=directory', 'overlay2.override_kernel_check=true'];
  assert.equal(load1({ 'storage-driver': 'overlay2', 'storage-opts': options }).layerForm, 'directory');
  assert.equal(load1({ 'storage-opts': options.slice(1) }).layerForm, undefined);
});

test('a file that another editor saved: UTF-16, a byte order mark, nothing at all', () => {
  const path = join(directory, 'encoded.json');
  const read = (content: Buffer) => {
    writeFileSync(path, content);
    return loadConfig(parseArguments(['--config-file', path]));
  };
  assert.equal(read(Buffer.from('\ufeff{"debug": true}', 'utf16le')).debug, true);
  assert.equal(read(Buffer.from('\ufeff{"debug": true}')).debug, true);
  assert.equal(read(Buffer.from(' \n')).debug, false);
  assert.throws(() => read(Buffer.from([0xc3, 0x28])), { message: /it is not UTF-8 text/ });
});
