import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, eventually } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';
import { dockerArchive, noise, tarOf } from './archives.ts';
import { expectTidy } from './leftovers.ts';
import { Random } from './random.ts';
import { World } from './verbs/world.ts';

const daemon = Daemon.forThisFile();
const random = Random.fromEnvironment();
const world = new World({ daemon, random, sources: [] });

before(() => console.log(`BERTH_CHAOS_SEED=${random.seed} repeats these draws`));

/** A client that says what it likes and leaves when it likes. */
class Raw implements Disposable {
  readonly #socket: Socket;
  received = '';
  closed = false;

  constructor() {
    this.#socket = connect(`${daemon.root}/s`);
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => (this.received += text));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => (this.closed = true));
  }

  /** A request whose body may never end. */
  begin(method: string, path: string, type: string): void {
    this.#socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
  }

  chunk(data: Buffer): boolean {
    this.#socket.write(`${data.length.toString(16)}\r\n`);
    this.#socket.write(data);
    return this.#socket.write('\r\n');
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;

/** Nothing is left of what clients began, in the daemon and on the host. */
async function expectForgotten(descriptorsBefore: number): Promise<void> {
  await expectTidy(daemon);
  // Some are kept from the first use on: threads, a reader of the log directory.
  await eventually(
    `its descriptors go: ${descriptorsBefore} before`,
    () => descriptors() <= descriptorsBefore + 4,
  ).catch((error: unknown) => {
    throw new Error(`there are ${descriptors()} now`, { cause: error });
  });
}

test('bodies that stall hold up nobody else, and leave nothing when the client goes', async () => {
  await world.run({}, 'target');
  const archive = await dockerArchive('stalled:latest', [{ file: noise(500_000) }]);
  await world.call('POST', '/images/load', archive, { 'Content-Type': 'application/x-tar' });
  await daemon.ok('rmi', 'stalled');
  const settled = descriptors();
  {
    using load = new Raw();
    using importing = new Raw();
    using copy = new Raw();
    using create = new Raw();
    load.begin('POST', '/images/load', 'application/x-tar');
    load.chunk(archive.subarray(0, 300_000));
    importing.begin('POST', '/images/create?fromSrc=-&repo=half', 'application/x-tar');
    importing.chunk(archive.subarray(0, 300_000));
    copy.begin('PUT', '/containers/target/archive?path=/tmp', 'application/x-tar');
    copy.chunk((await tarOf({ file: noise(100_000) })).subarray(0, 50_000));
    create.begin('POST', '/containers/create?name=never', 'application/json');
    create.chunk(Buffer.from('{"Image": "busybox", '));
    await sleep(300);
    await world.call('POST', '/images/load', archive, { 'Content-Type': 'application/x-tar' });
    assert.equal(await daemon.ok('run', '--rm', 'busybox', 'echo', 'served'), 'served');
    assert.equal(await daemon.ok('exec', 'target', 'echo', 'served'), 'served');
    await daemon.ok('restart', '-t', '0', 'target');
    for (const client of [load, importing, copy, create]) assert.equal(client.received, '');
  }
  await daemon.ok('rmi', 'stalled');
  await daemon.ok('rm', '-f', 'target');
  assert.equal(await daemon.ok('images', '-q', 'half'), '');
  await expectForgotten(settled);
});

test('a container can be removed while somebody copies into it for ever', async () => {
  await world.run({}, 'busy');
  await world.create({}, 'idle');
  {
    using running = new Raw();
    using stopped = new Raw();
    for (const [client, name] of [
      [running, 'busy'],
      [stopped, 'idle'],
    ] as const) {
      client.begin('PUT', `/containers/${name}/archive?path=/tmp`, 'application/x-tar');
      client.chunk((await tarOf({ file: noise(100_000) })).subarray(0, 50_000));
    }
    await sleep(200);
    await daemon.ok('rm', '-f', 'busy', 'idle');
  }
  await expectTidy(daemon);
});

test('a body of JSON that never ends is refused', async () => {
  using client = new Raw();
  client.begin('POST', '/containers/create', 'application/json');
  client.chunk(Buffer.from('{"Image": "'));
  const more = Buffer.alloc(1 << 16, 'x');
  for (let sent = 0; client.received === '' && sent < 64 << 20; sent += more.length) {
    if (!client.chunk(more)) await sleep(1);
  }
  await eventually('there is an answer', () => client.received !== '');
  assert.match(client.received, /^HTTP\/1\.1 413 /);
  assert.match(client.received, /the request body is larger than 8 MiB/);
  await eventually('the connection is closed', () => client.closed);
});

test('clients that vanish in the middle of load, import, pull and run', async () => {
  await using registry = await Registry.start();
  const file = join(daemon.root, 'archive.tar');
  const archive = await dockerArchive('vanish:latest', [{ a: noise(800_000) }, { b: noise(800_000) }]);
  writeFileSync(file, archive);
  await registry.fill(`docker-archive:${file}`, 'vanish:latest');
  const remote = `${registry.host}/vanish:latest`;
  // Once to the end, for what stays open from the first use on.
  await daemon.ok('load', '-q', '-i', file);
  await daemon.ok('rmi', 'vanish');
  const settled = descriptors();
  for (let round = 0; round < 4; round++) {
    {
      using load = new Raw();
      using importing = new Raw();
      load.begin('POST', '/images/load', 'application/x-tar');
      load.chunk(archive.subarray(0, random.below(archive.length)));
      importing.begin('POST', '/images/create?fromSrc=-&repo=gone', 'application/x-tar');
      importing.chunk(archive.subarray(0, random.below(archive.length)));
      await sleep(random.below(60));
    }
    for (const command of [
      ['pull', remote],
      ['run', '--name', `run-${round}`, '-v', '/etc', 'busybox', 'sleep', '1000'],
      ['run', '--rm', '--name', `run-rm-${round}`, 'busybox', 'sh', '-c', 'sleep 0.1'],
      ['build', '-'],
    ]) {
      await using client = daemon.spawn(...command);
      await sleep(30 + random.below(120));
      client.signal('SIGKILL');
      await client.exit();
    }
  }
  for (const reference of ['vanish', 'gone', remote]) {
    if ((await daemon.ok('images', '-q', reference)) !== '') await daemon.ok('rmi', reference);
  }
  await eventually('--rm is carried out', async () => {
    const left = await daemon.ok('ps', '-a', '--filter', 'name=run-rm', '--format', '{{.Status}}');
    return left.split('\n').every((status) => status === '' || status === 'Created');
  });
  await daemon.removeAll();
  await expectForgotten(settled);
  await daemon.ok('pull', remote);
  await daemon.ok('rmi', remote);
  await expectTidy(daemon);
});

test('readers that vanish: logs, attach, exec, events, stats, wait', async () => {
  await world.run(
    { Cmd: ['sh', '-c', 'while :; do echo line; sleep 0.01; done'], OpenStdin: true },
    'source',
  );
  const readers = [
    ['logs', '-f', 'source'],
    ['attach', 'source'],
    ['exec', '-i', 'source', 'cat'],
    ['exec', 'source', 'sleep', '1'],
    ['events'],
    ['stats', 'source'],
    ['wait', 'source'],
  ];
  const all = async () => {
    const clients = readers.map((command) => daemon.spawn(...command));
    await sleep(150);
    for (const client of clients) client.signal('SIGKILL');
    await Promise.all(clients.map((client) => client.exit()));
  };
  await all();
  await sleep(1500);
  const settled = descriptors();
  for (let round = 0; round < 5; round++) await all();
  assert.equal(await daemon.ok('inspect', '-f', '{{.State.Status}}', 'source'), 'running');
  await sleep(1000);
  await expectForgotten(settled);
  await daemon.ok('rm', '-f', 'source');
});

test('hundreds of connections that say nothing', async () => {
  const settled = descriptors();
  {
    using stack = new DisposableStack();
    for (let count = 0; count < 300; count++) stack.use(new Raw());
    await sleep(100);
    assert.equal(await daemon.ok('run', '--rm', 'busybox', 'echo', 'served'), 'served');
  }
  await expectForgotten(settled);
});
