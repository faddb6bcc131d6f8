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
  [['--data-root', 'x'], '--data-root must be an absolute path, not "x"'],
  [['-l', 'loud'], 'invalid log-level "loud": use one of debug, info, warn, error, fatal'],
  [['--tlsverify'], 'TLS needs --tlscert and --tlskey'],
] as const) {
  test(`refused: ${argv.join(' ')}`, () => assert.throws(() => load(argv), { kind: 'invalid', message }));
}

for (const [file, message] of [
  ['{', /unable to configure the daemon with file .*daemon\.json: .*JSON/],
  [[], /it must hold a JSON object/],
  [{ foo: 1, bar: 2 }, /the following directives don't match any configuration option: foo, bar/],
  [{ hosts: 'unix:///a' }, /hosts must be an array of strings/],
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
