import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

const shell = (flags: readonly string[], script: string) =>
  daemon.ok('run', '--rm', ...flags, 'busybox', 'sh', '-c', script);
const WEB = ['busybox', 'httpd', '-f', '-h', '/www'];
const addresses = Object.values(networkInterfaces())
  .flat()
  .filter((address) => address?.internal === false);
const outside4 = addresses.find((address) => address?.family === 'IPv4')?.address;
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1');

const page = async (url: string): Promise<string> => {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(3_000) })).text();
  } catch {
    return '';
  }
};
const serves = (url: string) =>
  eventually(`${url} answers`, async () => (await page(url)).includes('Hello from a container'));

/** Node in a container, its own and its libraries the host's: busybox has no server that would do. */
const nodeImage = (script: string) => {
  const mounts = [`${process.execPath}:/node:ro`, '/lib:/lib:ro', '/lib64:/lib64:ro'];
  return [...mounts.flatMap((mount) => ['-v', mount]), 'busybox', '/node', '-e', script];
};

/** What a server says before it hangs up; '' when there is none. */
function answer(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(port, host);
    socket.setTimeout(3_000, () => socket.destroy());
    socket.on('data', (data) => {
      heard += data.toString();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(heard));
  });
}

/** The port on the host behind which a port of a container is. */
async function published(name: string, port: string): Promise<number> {
  const lines = await daemon.ok('port', name, port);
  return Number(/:(\d+)$/.exec(lines.split('\n')[0] ?? '')?.[1]);
}

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

describe('published ports', () => {
  it('-p on a port of its own choice: IPv4, IPv6, loopback, outside, another container, the publisher itself', async () => {
    await daemon.ok('run', '-d', '--name', 'web', '-p', '80', ...WEB);
    const port = await published('web', '80/tcp');
    await serves(`http://127.0.0.1:${port}/`);
    await serves(`http://localhost:${port}/`);
    if (hasIpv6) await serves(`http://[::1]:${port}/`);
    if (outside4 !== undefined) {
      await serves(`http://${outside4}:${port}/`);
      assert.match(await shell([], `wget -qO- http://${outside4}:${port}/`), /Hello from a container/);
      assert.match(
        await daemon.ok('exec', 'web', 'wget', '-qO-', `http://${outside4}:${port}/`),
        /Hello from a container/,
      );
    }
    const gateway = String(await daemon.inspect('web', '.NetworkSettings.Gateway'));
    assert.match(await shell([], `wget -qO- http://${gateway}:${port}/`), /Hello from a container/);
    assert.equal(
      await shell(['--network', 'host'], `wget -qO- http://127.0.0.1:${port}/ | grep -c Hello`),
      '1',
    );
    await daemon.ok('rm', '-f', 'web');
    assert.equal(await page(`http://127.0.0.1:${port}/`), '');
  });

  it('on one address only', async () => {
    await daemon.ok('run', '-d', '--name', 'local', '-p', '127.0.0.1::80', ...WEB);
    const port = await published('local', '80/tcp');
    assert.equal(await daemon.ok('port', 'local'), `80/tcp -> 127.0.0.1:${port}`);
    await serves(`http://127.0.0.1:${port}/`);
    if (outside4 !== undefined) assert.equal(await page(`http://${outside4}:${port}/`), '');
    await daemon.ok('rm', '-f', 'local');
  });

  it('udp', async () => {
    const echo =
      "require('dgram').createSocket('udp6').on('message', function (m, r) { this.send('pong', r.port, r.address); }).bind(7777)";
    await daemon.ok('run', '-d', '--name', 'udp', '-p', '7777/udp', ...nodeImage(echo));
    const port = await published('udp', '7777/udp');
    const hosts = [
      ['udp4', '127.0.0.1'],
      ['udp4', outside4 ?? '127.0.0.1'],
      ...(hasIpv6 ? [['udp6', '::1'] as const] : []),
    ] as const;
    for (const [type, address] of hosts) {
      await using socket = createSocket(type);
      let heard = '';
      socket.on('message', (message) => {
        heard += message.toString();
      });
      await eventually(`an answer from ${address}`, async () => {
        socket.send('ping', port, address);
        await sleep(20);
        return heard.includes('pong');
      });
    }
    await daemon.ok('rm', '-f', 'udp');
  });

  it('a range, several, with both protocols', async () => {
    await daemon.ok(
      'create',
      '--name',
      'many',
      '-p',
      '18081-18083:18081-18083',
      '-p',
      '18090:90/udp',
      '-p',
      '127.0.0.1:18091:91',
      ...WEB,
    );
    await daemon.ok('start', 'many');
    const lines = (await daemon.ok('port', 'many')).split('\n').toSorted();
    assert.ok(lines.includes('18081/tcp -> 0.0.0.0:18081'));
    assert.ok(lines.includes('18083/tcp -> 0.0.0.0:18083'));
    assert.ok(lines.includes('90/udp -> 0.0.0.0:18090'));
    assert.ok(lines.includes('91/tcp -> 127.0.0.1:18091'));
    assert.match(await daemon.ok('ps', '--format', '{{.Ports}}'), /0\.0\.0\.0:18081-18083->18081-18083\/tcp/);
    await daemon.ok('rm', '-f', 'many');
  });

  it('-P publishes what the image exposes and --expose adds', async () => {
    await daemon.ok('run', '-d', '-P', '--expose', '80', '--expose', '53/udp', '--name', 'all', ...WEB);
    const port = await published('all', '80/tcp');
    assert.ok(port >= 1024);
    assert.ok((await published('all', '53/udp')) >= 1024);
    await serves(`http://127.0.0.1:${port}/`);
    await daemon.ok('rm', '-f', 'all');
  });

  it('survive restart, and go with stop', async () => {
    await daemon.ok('run', '-d', '--name', 'web', '-p', '18070:80', ...WEB);
    await serves('http://127.0.0.1:18070/');
    await daemon.ok('restart', '-t', '0', 'web');
    await serves('http://127.0.0.1:18070/');
    await daemon.ok('stop', '-t', '0', 'web');
    assert.equal(await page('http://127.0.0.1:18070/'), '');
    assert.equal(await daemon.ok('port', 'web'), '');
    await daemon.ok('rm', 'web');
  });

  it('keep the address of who connects', async () => {
    if (outside4 === undefined) return;
    const tells = "require('net').createServer((s) => s.end(s.remoteAddress)).listen(7000)";
    await daemon.ok('run', '-d', '--name', 'peer', '-p', '7000', ...nodeImage(tells));
    const port = await published('peer', '7000/tcp');
    let seen = '';
    await eventually('an answer', async () => (seen = await answer(outside4, port)) !== '');
    assert.equal(seen, `::ffff:${outside4}`);
    await daemon.ok('rm', '-f', 'peer');
  });
});

describe('a port in use', () => {
  it('by another container', async () => {
    await daemon.ok('run', '-d', '--name', 'first', '-p', '18060:80', ...WEB);
    const second = await daemon.docker('run', '-d', '--name', 'second', '-p', '18060:80', ...WEB);
    assert.equal(second.code, 125);
    assert.match(second.stderr, /Bind for (0\.0\.0\.0|:::?):18060 failed: port is already allocated/);
    assert.equal(await daemon.inspect('second', '.State.Status'), 'created');
    await daemon.ok('rm', '-f', 'first');
    await daemon.ok('start', 'second');
    await serves('http://127.0.0.1:18060/');
    await daemon.ok('rm', '-f', 'second');
  });

  it('by a program of the host', async () => {
    await using server = createServer().listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const result = await daemon.docker('run', '--rm', '-p', `${port}:80`, ...WEB);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /address already in use|port is already allocated/);
    assert.equal(await daemon.ok('ps', '-aq'), '');
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
