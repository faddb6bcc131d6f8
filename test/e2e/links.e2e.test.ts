import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

const hosts = async (name: string) => (await daemon.ok('exec', name, 'cat', '/etc/hosts')).split('\n');
const address = async (name: string) =>
  String(await daemon.inspect(name, '.NetworkSettings.Networks.bridge.IPAddress'));

describe('docker run --link', () => {
  before(async () => {
    const flags = ['--expose', '5432', '-e', 'SECRET=x', '--hostname', 'dbhost'];
    await daemon.ok('run', '-d', '--name', 'db', ...flags, 'busybox', 'sleep', '1000');
    await daemon.ok('run', '-d', '--name', 'web', '--link', 'db:store', 'busybox', 'sleep', '1000');
  });
  after(() => daemon.removeAll());

  it('the other is known by alias, hostname and name, and by variables', async () => {
    const ip = await address('db');
    assert.ok((await hosts('web')).includes(`${ip}\tstore dbhost db`));
    await daemon.ok('exec', 'web', 'ping', '-c', '1', '-W', '5', 'store');
    const variables = (await daemon.ok('exec', 'web', 'env')).split('\n');
    for (const variable of [
      `STORE_PORT=tcp://${ip}:5432`,
      `STORE_PORT_5432_TCP_ADDR=${ip}`,
      'STORE_NAME=/web/store',
      'STORE_ENV_SECRET=x',
    ])
      assert.ok(variables.includes(variable), `${variable} in ${variables.join(' ')}`);
  });

  it('inspect and ps tell of it', async () => {
    assert.deepEqual(await daemon.inspect('web', '.HostConfig.Links'), ['/db:/web/store']);
    const rows = (await daemon.request('GET', '/containers/json')).json as { Names: string[] }[];
    assert.ok(rows.some(({ Names }) => Names.includes('/db') && Names.includes('/web/store')));
    await daemon.ok('rename', 'db', 'renamed');
    assert.deepEqual(await daemon.inspect('web', '.HostConfig.Links'), ['/renamed:/web/store']);
    await daemon.ok('rename', 'renamed', 'db');
  });

  it('a new address of the other is learnt while it runs, and when it starts', async () => {
    await daemon.ok('stop', '-t', '0', 'db');
    const refused = await daemon.docker('restart', '-t', '0', 'web');
    assert.match(refused.stderr, /Cannot link to a non running container: \/db AS \/web\/store/);
    await daemon.ok('run', '-d', '--name', 'filler', 'busybox', 'sleep', '1000');
    await daemon.ok('start', 'db');
    await daemon.ok('start', 'web');
    assert.ok((await hosts('web')).includes(`${await address('db')}\tstore dbhost db`));
    await daemon.ok('stop', '-t', '0', 'db', 'filler');
    await daemon.ok('run', '-d', '--name', 'filler2', 'busybox', 'sleep', '1000');
    await daemon.ok('start', 'db');
    const lines = (await hosts('web')).filter((line) => line.includes('store'));
    assert.deepEqual(lines, [`${await address('db')}\tstore dbhost db`]);
  });

  it('survives the daemon, and goes with rm --link', async () => {
    await daemon.kill9();
    await daemon.start();
    assert.deepEqual(await daemon.inspect('web', '.HostConfig.Links'), ['/db:/web/store']);
    await daemon.ok('rm', '--link', 'web/store');
    assert.equal(await daemon.inspect('web', '.HostConfig.Links'), null);
    assert.equal(await daemon.inspect('db', '.State.Status'), 'running');
    assert.match((await daemon.docker('rm', '--link', 'web/store')).stderr, /No such link: \/web\/store/);
    assert.match((await daemon.docker('rm', '--link', 'web')).stderr, /cannot remove the default link name/);
  });

  it('refused', async () => {
    for (const [flags, message] of [
      [['--link', 'nosuch'], /could not get container for nosuch: No such container: nosuch/],
      [['--link', 'db', '--network', 'host'], /host type networking can't be used with links/],
      [['--link', 'db', '--network', 'container:db'], /container type network can't be used with links/],
      [['--link', 'db:a b'], /bad format for links/],
    ] as const) {
      const { code, stderr } = await daemon.docker('run', '--rm', ...flags, 'busybox', 'true');
      assert.equal(code, 125);
      assert.match(stderr, message);
    }
  });
});
