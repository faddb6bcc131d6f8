import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { demolish } from '../../test/fixtures/demolish.ts';

const directory = mkdtempSync(join(tmpdir(), 'berth-daemon-'));
after(() =>
  demolish({ root: directory, dataRoot: join(directory, 'data'), execRoot: join(directory, 'exec') }),
);

const socket = join(directory, 'd.sock');
const pidfile = join(directory, 'd.pid');
const configFile = join(directory, 'daemon.json');
const launcher = new URL('../../bin/berthd', import.meta.url).pathname;

interface Daemon {
  readonly process: ChildProcess;
  /** What it has logged so far. */
  log(): string;
  ended(): Promise<number | null>;
}

function start(...extra: string[]): Daemon {
  const roots = ['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec')];
  const args = [
    ...roots,
    '--pidfile',
    pidfile,
    '-H',
    `unix://${socket}`,
    '--config-file',
    configFile,
    ...extra,
  ];
  const child = spawn(launcher, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  after(() => child.kill('SIGKILL'));
  return { process: child, log: () => log, ended: async () => (await exit)[0] };
}

async function logged(daemon: Daemon, pattern: RegExp): Promise<void> {
  while (!pattern.test(daemon.log())) {
    if (daemon.process.exitCode !== null) throw new Error(`the daemon ended: ${daemon.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function get<T>(path: string): Promise<T> {
  return new Promise((resolve, reject) => {
    request({ socketPath: socket, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text) as T));
    })
      .on('error', reject)
      .end();
  });
}

test('a life: start, a second one is refused, reload, end', async () => {
  writeFileSync(configFile, '{"log-level": "info", "labels": ["a=b"]}');
  const daemon = start();
  await logged(daemon, /"msg":"listening"/);
  assert.equal(readFileSync(pidfile, 'utf8'), String(daemon.process.pid));
  assert.equal(statSync(socket).mode & 0o777, 0o660);
  const info = await get<{ Labels: string[]; DockerRootDir: string }>('/v1.50/info');
  assert.deepEqual(info.Labels, ['a=b']);
  assert.equal(info.DockerRootDir, join(directory, 'data'));

  const samePid = start();
  assert.equal(await samePid.ended(), 1);
  assert.match(samePid.log(), new RegExp(`process with PID ${daemon.process.pid} is still running`));
  const sameRoots = start('--pidfile', join(directory, 'other.pid'), '-H', `unix://${directory}/other.sock`);
  assert.equal(await sameRoots.ended(), 1);
  assert.match(sameRoots.log(), /in use by another engine/);
  assert.equal(existsSync(join(directory, 'other.sock')), false);
  assert.equal(existsSync(join(directory, 'other.pid')), false);

  writeFileSync(configFile, '{"log-level": "debug", "labels": ["c=d"], "mtu": 1400}');
  daemon.process.kill('SIGHUP');
  await logged(daemon, /reloaded configuration.*"log-level":"debug"/);
  await logged(daemon, /need a restart of the daemon","settings":"mtu"/);

  daemon.process.kill('SIGTERM');
  assert.equal(await daemon.ended(), 0);
  assert.match(daemon.log(), /daemon shutdown complete/);
  assert.equal(existsSync(socket), false);
  assert.equal(existsSync(pidfile), false);
});

test('killed, it starts again over what it left', async () => {
  writeFileSync(configFile, '{}');
  const killed = start();
  await logged(killed, /"msg":"listening"/);
  killed.process.kill('SIGKILL');
  await killed.ended();
  assert.ok(existsSync(socket));
  assert.ok(existsSync(pidfile));

  const next = start();
  await logged(next, /"msg":"listening"/);
  assert.equal((await get<{ Os: string }>('/version')).Os, 'linux');
  next.process.kill('SIGINT');
  assert.equal(await next.ended(), 0);
});

test('a configuration that makes no sense ends it before it did anything', async () => {
  writeFileSync(configFile, '{"data-roots": "/x"}');
  const unknown = start();
  assert.equal(await unknown.ended(), 1);
  assert.match(
    unknown.log(),
    /don't match any configuration option: data-roots \(did you mean data-root\?\)/,
  );
  assert.equal(existsSync(pidfile), false);

  writeFileSync(configFile, '{}');
  const bridge = start('--bridge', 'nonsense');
  assert.equal(await bridge.ended(), 1);
  assert.match(bridge.log(), /failed to start daemon.*nonsense/);
  assert.equal(existsSync(pidfile), false);
  assert.equal(existsSync(socket), false);
});

const activator = '/usr/bin/systemd-socket-activate';

/** A socket has its name a moment before it listens: the flag __SO_ACCEPTCON tells. */
const isListening = (path: string): boolean =>
  readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .some((line) => line.endsWith(` ${path}`) && line.split(/\s+/)[3] === '00010000');

test('sockets that a service manager opened', {
  skip: existsSync(activator) ? false : 'systemd is not installed',
}, async () => {
  writeFileSync(configFile, '{}');
  const path = join(directory, 'activated.sock');
  const roots = ['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec')];
  const args = [...roots, '--pidfile', pidfile, '--config-file', configFile, '-H', 'fd://'];
  const child = spawn(activator, ['-E', 'PATH', '-l', path, launcher, ...args], { stdio: 'ignore' });
  after(() => child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  while (!isListening(path)) await new Promise((resolve) => setTimeout(resolve, 10));
  // The daemon is started for the connection that waits.
  const ping = await new Promise<string>((resolve, reject) => {
    request({ socketPath: path, path: '/_ping', agent: false }, (response) => {
      response.setEncoding('utf8').once('data', resolve);
    })
      .on('error', reject)
      .end();
  });
  assert.equal(ping, 'OK');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
  assert.ok(existsSync(path), 'the socket is not ours to remove');
});

test('fd:// without a service manager', async () => {
  const daemon = start('-H', 'fd://');
  assert.equal(await daemon.ended(), 1);
  assert.match(daemon.log(), /no sockets found via socket activation/);
});
