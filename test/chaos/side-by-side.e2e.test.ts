import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { Nftables } from '#linux/nftables';
import { Daemon, mountsBelow } from '../fixtures/daemon.ts';
import { instanceOf } from '../fixtures/footprint.ts';
import { expectTidy } from './leftovers.ts';
import { Random } from './random.ts';
import { freePort, World } from './verbs/world.ts';
import { Witness } from './witness.ts';

const daemonBinary = new URL('../../bin/berthd', import.meta.url).pathname;

async function open(): Promise<{ daemon: Daemon; world: World }> {
  const daemon = await Daemon.start();
  await daemon.importBusybox();
  return { daemon, world: new World({ daemon, random: Random.fromEnvironment(), sources: [] }) };
}

/** A daemon that is to be refused, with these roots. */
async function refused(
  daemon: Daemon,
  roots: { data: string; exec: string; socket?: string },
): Promise<string> {
  const socket = roots.socket ?? join(daemon.root, 'other.sock');
  const flags = [
    '--data-root',
    roots.data,
    '--exec-root',
    roots.exec,
    '-H',
    `unix://${socket}`,
    '--pidfile',
    join(daemon.root, 'other.pid'),
  ];
  const { code, stderr } = await daemon.run(daemonBinary, flags);
  assert.equal(code, 1, stderr);
  return stderr;
}

test('a second daemon on the same roots is refused, and the first does not notice', async () => {
  const { daemon, world } = await open();
  await using _ = daemon;
  const witness = await Witness.start(world);
  const { dataRoot: data, execRoot: exec, root } = daemon;
  const inUse = (path: string) =>
    new RegExp(`${path} is in use by another engine \\(process ${daemon.pid}\\): stop that one`);
  assert.match(await refused(daemon, { data, exec }), inUse(data));
  assert.match(await refused(daemon, { data, exec: join(root, 'exec2') }), inUse(data));
  assert.match(await refused(daemon, { data: join(root, 'data2'), exec }), inUse(exec));
  const socket = join(root, 's');
  const taken = await refused(daemon, { data: join(root, 'data3'), exec: join(root, 'exec3'), socket });
  assert.match(taken, /another daemon listens on it/);
  await witness.goesOn();
  await expectTidy(daemon);
  // The last one had opened its engine when it met the socket: it has taken all of it down again.
  const tables = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });
  assert.ok(!tables.includes(instanceOf(join(root, 'data3'))));
  assert.deepEqual(
    mountsBelow(root).filter((path) => /(data|exec)[23]/.test(path)),
    [],
  );
});

test('two daemons never touch each other', async () => {
  const [one, two] = await Promise.all([open(), open()]);
  await using _one = one.daemon;
  await using _two = two.daemon;
  const daemons = [one, two] as const;
  // The same names everywhere: of containers, networks, volumes, images.
  const witnesses: Witness[] = [];
  for (const { daemon, world } of daemons) {
    witnesses.push(await Witness.start(world));
    await daemon.ok('network', 'create', 'net');
    await daemon.ok(
      'run',
      '-d',
      '--name',
      'on-net',
      '--network',
      'net',
      '-v',
      'vol:/v',
      'busybox',
      'sh',
      '-c',
      'hostname > /v/name; sleep 1000',
    );
    await daemon.ok('tag', 'busybox', 'mine');
  }
  const subnets = await Promise.all(
    daemons.flatMap(({ daemon }) =>
      ['bridge', 'net'].map((name) =>
        daemon.ok('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', name),
      ),
    ),
  );
  assert.equal(new Set(subnets).size, 4, subnets.join(' '));

  const port = String(await freePort());
  await one.daemon.ok('run', '-d', '--name', 'published', '-p', `${port}:80`, 'busybox', 'sleep', '1000');
  const clash = await two.daemon.docker(
    'run',
    '-d',
    '--name',
    'published',
    '-p',
    `${port}:80`,
    'busybox',
    'sleep',
    '1000',
  );
  assert.equal(clash.code, 125);
  assert.match(clash.stderr, /address already in use|port is already allocated/);

  await one.daemon.kill9();
  await two.daemon.kill9();
  await two.daemon.start();
  for (const witness of witnesses) await witness.serves();
  await one.daemon.start();
  for (const witness of witnesses) await witness.goesOn();
  await Promise.all(daemons.map(({ daemon }) => expectTidy(daemon)));

  // The end of one, with all that it had, is nothing to the other.
  await one.daemon.ok('rm', '-f', '-v', ...(await one.daemon.ok('ps', '-aq')).split('\n'));
  await one.daemon.ok('system', 'prune', '-af', '--volumes');
  assert.equal(await one.daemon.stop(), 0);
  const tables = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });
  assert.ok(!tables.includes(instanceOf(one.daemon.dataRoot)));
  assert.ok(tables.includes(instanceOf(two.daemon.dataRoot)));
  await witnesses[1]?.goesOn();
  await witnesses[1]?.logsAll();
  assert.notEqual(await two.daemon.ok('exec', 'on-net', 'cat', '/v/name'), '');
  await two.daemon.ok('run', '--rm', 'mine', 'true');
  await expectTidy(two.daemon);
  await one.daemon.start();
});

test('a table that another process owns is named with its owner', async () => {
  const { daemon } = await open();
  await using _ = daemon;
  await daemon.stop();
  {
    using owner = new Nftables();
    owner.ownTable(instanceOf(daemon.dataRoot));
    await assert.rejects(
      daemon.start(),
      new RegExp(`belongs to process ${process.pid} \\(.*\\): stop that process`),
    );
    owner.run(`delete table inet ${instanceOf(daemon.dataRoot)}`);
  }
  await daemon.start();
  await daemon.ok('run', '--rm', 'busybox', 'true');
  await expectTidy(daemon);
});

test('what a daemon that was killed left of files is no obstacle: socket, pid file, locks', async () => {
  const { daemon } = await open();
  await using _ = daemon;
  for (let round = 0; round < 3; round++) {
    await daemon.kill9();
    const started = daemon.start();
    await started;
    assert.equal(await daemon.ok('version', '-f', '{{.Server.Os}}'), 'linux');
  }
});
