import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

const shell = (flags: readonly string[], script: string) =>
  daemon.ok('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);
const WEB = ['busybox', 'httpd', '-f', '-h', '/www'];
const addresses = Object.values(networkInterfaces())
  .flat()
  .filter((address) => address?.internal === false);
const outside4 = addresses.find((address) => address?.family === 'IPv4')?.address;
describe('the default bridge', () => {
  it('gives an address, a gateway, a route', async () => {
    await daemon.ok('run', '-d', '--name', 'plain', 'busybox', 'sleep', '600');
    const settings = (await daemon.inspect('plain', '.NetworkSettings')) as Record<string, string>;
    const network = (await daemon.inspect('plain', '.NetworkSettings.Networks.bridge')) as Record<
      string,
      string
    >;
    assert.match(settings['IPAddress'] ?? '', /^\d+\.\d+\.\d+\.\d+$/);
    assert.equal(network['IPAddress'], settings['IPAddress']);
    assert.equal(network['MacAddress'], settings['MacAddress']);
    const route = await daemon.ok('exec', 'plain', 'ip', 'route');
    assert.match(route, new RegExp(`^default via ${network['Gateway']} dev eth0`));
    const link = await daemon.ok('exec', 'plain', 'ip', 'addr', 'show', 'eth0');
    assert.match(link, new RegExp(`inet ${network['IPAddress']}/\\d+`));
    assert.match(link, new RegExp(`link/ether ${network['MacAddress']}`));
    assert.match(link, /mtu 1500/);
    await daemon.ok('rm', '-f', 'plain');
  });

  it('containers reach each other by address, and never have the same', async () => {
    await daemon.ok('run', '-d', '--name', 'web', ...WEB);
    const address = String(await daemon.inspect('web', '.NetworkSettings.IPAddress'));
    assert.match(await shell([], `wget -qO- http://${address}/`), /Hello from a container/);
    const taken = await Promise.all(
      Array.from({ length: 6 }, () => shell([], "ip -4 addr show eth0 | grep -o 'inet [0-9.]*'")),
    );
    assert.equal(new Set([...taken, `inet ${address}`]).size, 7);
    await daemon.ok('rm', '-f', 'web');
  });

  it('reaches what is outside by masquerade', async () => {
    if (outside4 === undefined) return;
    await using server = createServer((socket) => socket.end(`from ${socket.remoteAddress}\n`)).listen(
      0,
      '0.0.0.0',
    );
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    assert.match(await shell([], `nc ${outside4} ${port} </dev/null`), /^from /);
  });

  it('is listed and inspected', async () => {
    assert.equal(
      await daemon.ok('network', 'ls', '--format', '{{.Name}} {{.Driver}}'),
      'bridge bridge\nhost host\nnone null',
    );
    await daemon.ok('run', '-d', '--name', 'member', 'busybox', 'sleep', '600');
    const id = String(await daemon.inspect('member', '.Id'));
    const [network] = JSON.parse(await daemon.ok('network', 'inspect', 'bridge')) as {
      Containers: Record<string, { Name: string; IPv4Address: string }>;
      IPAM: { Config: { Subnet: string }[] };
    }[];
    assert.equal(network?.Containers[id]?.Name, 'member');
    assert.match(network?.IPAM.Config[0]?.Subnet ?? '', /^\d+\.\d+\.\d+\.\d+\/\d+$/);
    await daemon.ok('rm', '-f', 'member');
  });
});

describe('--network', () => {
  it('none: loopback only', async () => {
    assert.equal(await shell(['--network', 'none'], 'ls /sys/class/net'), 'lo');
    assert.match(await shell(['--network', 'none'], 'ip addr show lo'), /inet 127\.0\.0\.1\/8/);
  });

  it('host', async () => {
    const names = Object.keys(networkInterfaces()).filter((name) => !name.startsWith('veth'));
    const seen = (await shell(['--network', 'host'], 'ls /sys/class/net')).split('\n');
    for (const name of names.filter((name) => name === 'lo' || name.startsWith('eth')))
      assert.ok(seen.includes(name), name);
  });

  it('container:x shares address, ports and names', async () => {
    await daemon.ok('run', '-d', '--name', 'owner', '-h', 'the-owner', '--add-host', 'db:10.0.0.9', ...WEB);
    const page = 'wget -qO- http://127.0.0.1/ | grep -c Hello; hostname; grep -c 10.0.0.9 /etc/hosts';
    await eventually(
      'it serves',
      async () => (await daemon.docker('exec', 'owner', 'wget', '-qO-', 'http://127.0.0.1/')).code === 0,
    );
    assert.equal(await shell(['--network', 'container:owner'], page), '1\nthe-owner\n1');
    await daemon.ok('rm', '-f', 'owner');
  });

  it('container:x of one that is not there or does not run', async () => {
    const unknown = await daemon.docker('run', '--rm', '--network', 'container:nosuch', 'busybox', 'true');
    assert.equal(unknown.code, 125);
    assert.match(unknown.stderr, /No such container: nosuch/);
    await daemon.ok('create', '--name', 'idle', 'busybox');
    const idle = await daemon.docker('run', '--rm', '--network', 'container:idle', 'busybox', 'true');
    assert.equal(idle.code, 125);
    assert.match(idle.stderr, /cannot join network of a non running container: [0-9a-f]{64}/);
    await daemon.ok('rm', 'idle');
  });

  it('an unknown network', async () => {
    const result = await daemon.docker('run', '--network', 'nosuch', 'busybox', 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /network nosuch not found/);
    await daemon.removeAll();
  });

  it('what cannot go together', async () => {
    for (const [flags, message] of [
      [
        ['--network', 'container:x', '-p', '80:80'],
        /conflicting options: port publishing and the container type network mode/,
      ],
      [['--network', 'container:x', '-h', 'name'], /conflicting options: hostname and the network mode/],
      [['--network', 'host', '--uts', 'host', '-h', 'x'], /conflicting options: hostname and the UTS mode/],
    ] as const) {
      const result = await daemon.docker('run', ...flags, 'busybox', 'true');
      assert.equal(result.code, 125);
      assert.match(result.stderr, message);
    }
  });
});

describe('the files for names', () => {
  it('resolv.conf names the resolver, which asks what the host asks, or what is asked for', async () => {
    const asked = [
      '--dns',
      '10.1.2.3',
      '--dns',
      '2001:db8::53',
      '--dns-search',
      'sea.example',
      '--dns-option',
      'ndots:3',
    ];
    const lines = (await shell(asked, 'cat /etc/resolv.conf')).split('\n');
    assert.ok(lines.includes('nameserver 127.0.0.11'));
    assert.ok(lines.includes('# ExtServers: [10.1.2.3 2001:db8::53]'));
    assert.ok(lines.includes('search sea.example'));
    assert.ok(lines.includes('options ndots:3'));
    assert.match(await shell([], 'cat /etc/resolv.conf'), /^nameserver /m);
  });

  it('hosts has the container itself', async () => {
    await daemon.ok('run', '-d', '--name', 'named', '-h', 'boat', 'busybox', 'sleep', '600');
    const address = String(await daemon.inspect('named', '.NetworkSettings.IPAddress'));
    const hosts = await daemon.ok('exec', 'named', 'cat', '/etc/hosts');
    assert.match(hosts, /^127\.0\.0\.1\s+localhost/m);
    assert.match(hosts, new RegExp(`^${address}\\s+boat$`, 'm'));
    await daemon.ok('rm', '-f', 'named');
  });

  it('can be changed from inside, for as long as the container lives', async () => {
    await daemon.docker(
      'run',
      '--name',
      'editor',
      'busybox',
      'sh',
      '-c',
      'echo 10.0.0.1 mine >>/etc/hosts; echo "# mine" >>/etc/resolv.conf; grep -c mine /etc/hosts /etc/resolv.conf',
    );
    assert.equal(await daemon.ok('logs', 'editor'), '/etc/hosts:1\n/etc/resolv.conf:1');
    await daemon.ok('rm', 'editor');
  });

  it('are bind mounts that inspect names', async () => {
    const id = await daemon.ok('run', '-d', 'busybox', 'sleep', '600');
    for (const field of ['.HostsPath', '.ResolvConfPath', '.HostnamePath'])
      assert.match(
        String(await daemon.inspect(id, field)),
        new RegExp(`^${daemon.dataRoot}/containers/${id}/`),
      );
    await daemon.ok('rm', '-f', id);
  });
});
