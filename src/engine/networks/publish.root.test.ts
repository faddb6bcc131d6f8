import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sandbox } from './index.ts';
import {
  addressOf,
  HOST4,
  HOST6,
  OUTSIDE4,
  OUTSIDE6,
  type Place,
  type Probe,
  port,
  Testbed,
} from './testbed.fixture.ts';

const PROTOCOLS = ['tcp', 'udp'] as const;
const both = (host: string, number: number): Probe[] =>
  PROTOCOLS.map((protocol) => ({ protocol, host, port: number }));

const gateways = (sandbox: Sandbox) => {
  const [endpoint] = sandbox.endpoints;
  assert.ok(endpoint?.address6 !== undefined && endpoint.gateway6 !== undefined);
  return {
    address: endpoint.address,
    address6: endpoint.address6,
    gateway: endpoint.gateway,
    gateway6: endpoint.gateway6,
  };
};

for (const bridgeNetfilter of [false, true]) {
  test(`a published port is reached from everywhere, bridge netfilter ${bridgeNetfilter ? 'on' : 'off'}`, async () => {
    await using bed = await Testbed.open({ bridgeNetfilter });
    const engine = await bed.engine();
    const c1 = await engine.attach('c1', { ports: [port(80, 8080), port(80, 8080, 'udp')] });
    const c2 = await engine.attach('c2');
    assert.deepEqual(
      c1.ports.map(({ protocol, hostIp, hostPort }) => `${protocol} ${hostIp} ${hostPort}`),
      ['tcp 0.0.0.0 8080', 'tcp :: 8080', 'udp 0.0.0.0 8080', 'udp :: 8080'],
    );
    await bed.serve(c1, 80, 'one');
    const { gateway, gateway6, address, address6 } = gateways(c1);
    const two = gateways(c2);
    // Who the server sees: the client itself, or the bridge where only the bridge can be answered.
    const expected: [string, Place, string, string][] = [
      ['outside v4', 'outside', HOST4, OUTSIDE4],
      ['outside v6', 'outside', HOST6, OUTSIDE6],
      ['host v4', 'host', HOST4, HOST4],
      ['host v6', 'host', HOST6, HOST6],
      ['loopback v4', 'host', '127.0.0.1', gateway],
      ['loopback v6', 'host', '::1', gateway6],
      ['bridge address v4', 'host', gateway, gateway],
      ['bridge address v6', 'host', gateway6, gateway6],
      ['neighbour v4', c2, HOST4, gateway],
      ['neighbour v6', c2, HOST6, gateway6],
      ['neighbour direct v4', c2, gateway, gateway],
      ['hairpin v4', c1, HOST4, gateway],
      ['hairpin v6', c1, HOST6, gateway6],
    ];
    for (const [name, place, host, seen] of expected) {
      await bed.expect(place, both(host, 8080), [`one ${seen}`, `one ${seen}`], name);
    }
    // Without publishing: neighbours talk directly, nobody else gets in.
    await bed.expect(c2, both(address, 80), [`one ${two.address}`, `one ${two.address}`]);
    await bed.expect(c2, both(address6, 80), [`one ${two.address6}`, `one ${two.address6}`]);
    await bed.sh('outside', `ip route add ${address} via ${HOST4}; ip route add ${address6} via ${HOST6}`);
    await bed.expect('outside', [...both(address, 80), ...both(address6, 80)], Array(4).fill('TIMEOUT'));
    await engine.networks.detach('c1');
    await bed.expect(
      'host',
      [...both('127.0.0.1', 8080), ...both('::1', 8080)],
      Array(4).fill('ECONNREFUSED'),
    );
  });
}

test('a container that serves IPv4 only is reached by [::1] through the forwarder', async () => {
  await using bed = await Testbed.open({ bridgeNetfilter: true });
  const engine = await bed.engine();
  const sandbox = await engine.attach('c1', { ports: [port(80, 8080), port(80, 8080, 'udp')] });
  await bed.serve(sandbox, 80, 'four', '0.0.0.0');
  const { gateway } = gateways(sandbox);
  await bed.expect('host', both('::1', 8080), [`four ${gateway}`, `four ${gateway}`]);
  const six = await engine.attach('c2', { ports: [port(80, 8081), port(80, 8081, 'udp')] });
  await bed.serve(six, 80, 'six', gateways(six).address6);
  await bed.expect('host', both('::1', 8081), [
    `six ${gateways(six).gateway6}`,
    `six ${gateways(six).gateway6}`,
  ]);
});

test('bridge netfilter that somebody switches on and off is followed by what is published', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const sandbox = await engine.attach('c1', { ports: [port(80, 8080), port(80, 8080, 'udp')] });
  await bed.serve(sandbox, 80, 'one');
  const { gateway6 } = gateways(sandbox);
  const answered = both('::1', 8080);
  const seen = [`one ${gateway6}`, `one ${gateway6}`];
  await bed.expect('host', answered, seen);
  // A kernel that has not loaded br_netfilter has no such switch.
  const files = '/proc/sys/net/bridge/bridge-nf-call-ip*tables';
  for (const on of [1, 0]) {
    await bed.sh('host', `for f in ${files}; do [ ! -e $f ] || echo ${on} > $f; done`);
    await bed.expectSoon('host', answered, seen);
  }
});

test('a port bound to one address is reached at that address only', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const sandbox = await engine.attach('c1', {
    ports: [
      port(80, 8080, 'tcp', '127.0.0.1'),
      port(80, 8081, 'tcp', HOST4),
      port(80, 8082, 'tcp', HOST6),
      port(80, 8083, 'tcp', '::1'),
    ],
  });
  await bed.serve(sandbox, 80, 'one');
  const ask = async (place: Place, host: string, number: number) => {
    const [answer = ''] = await bed.probe(place, [{ protocol: 'tcp', host, port: number, patience: 500 }]);
    return answer.startsWith('one ') ? 'one' : answer;
  };
  assert.equal(await ask('host', '127.0.0.1', 8080), 'one');
  assert.equal(await ask('host', HOST4, 8080), 'ECONNREFUSED');
  assert.equal(await ask('outside', HOST4, 8080), 'ECONNREFUSED');
  assert.equal(await ask('outside', HOST4, 8081), 'one');
  assert.equal(await ask('host', '127.0.0.1', 8081), 'ECONNREFUSED');
  assert.equal(await ask('outside', HOST6, 8082), 'one');
  assert.equal(await ask('outside', HOST6, 8083), 'ECONNREFUSED');
  assert.equal(await ask('host', '::1', 8083), 'one');
  // A neighbour that sends us packets for 127.0.0.1 by hand gets nowhere.
  await bed.sh(
    'outside',
    `ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via ${HOST4}; echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet`,
  );
  assert.equal(await ask('outside', '127.0.0.1', 8080), 'TIMEOUT');
});

test('a container cannot reach what listens on the loopback of the host', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const sandbox = await engine.attach('c1');
  await bed.serve('host', 9999, 'secret', '127.0.0.1');
  const { gateway } = gateways(sandbox);
  await bed.sh(
    sandbox,
    `ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via ${gateway}; echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet`,
  );
  await bed.expect(sandbox, both('127.0.0.1', 9999), ['TIMEOUT', 'TIMEOUT']);
});

test('a port in use is refused with the text that clients know, and nothing is left', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  await engine.attach('c1', { ports: [port(80, 8080)] });
  const refused = async (id: string, ports: ReturnType<typeof port>[], text: RegExp) =>
    assert.rejects(engine.attach(id, { ports }), (error) => {
      assert.ok(error instanceof Error && 'kind' in error);
      assert.match(error.message, text);
      return error.kind === 'system';
    });
  const prefix = 'driver failed programming external connectivity on endpoint c2 \\([0-9a-f]{64}\\): ';
  await refused(
    'c2',
    [port(80, 9000), port(80, 8080)],
    new RegExp(`^${prefix}Bind for 0\\.0\\.0\\.0:8080 failed: port is already allocated$`),
  );
  await refused(
    'c2',
    [port(80, 9000), port(80, 8080, 'tcp', '127.0.0.1')],
    /Bind for 127\.0\.0\.1:8080 failed: port is already allocated$/,
  );
  await refused(
    'c2',
    [port(80, 9000), port(81, 9000)],
    /Bind for 0\.0\.0\.0:9000 failed: port is already allocated$/,
  );
  await bed.serve('host', 7000, 'program', '127.0.0.1');
  const taken = new RegExp(
    `^${prefix}failed to bind host port for 0\\.0\\.0\\.0:7000:[0-9.]+:80/(tcp|udp): address already in use$`,
  );
  await refused('c2', [port(80, 9000), port(80, 7000)], taken);
  await refused('c2', [port(80, 7000, 'udp')], taken);
  await refused(
    'c2',
    [port(80, 9000, 'tcp', '203.0.113.9')],
    /203\.0\.113\.9:9000.*cannot assign requested address$/,
  );
  assert.equal(await engine.call('sandbox', 'c2'), undefined);
  assert.deepEqual(await bed.bind('host', both('0.0.0.0', 9000)), ['ok', 'ok']);
  // Everything that failed is free again; what works beside the program of the host is allowed.
  const c2 = await engine.attach('c2', { ports: [port(80, 9000), port(80, 7000, 'tcp', HOST4)] });
  assert.equal(c2.ports.length, 3);
  const dump = await bed.sh('host', 'nft list table inet berth');
  assert.equal(dump.match(/tcp \. 9000/g)?.length, 2);
});

test('no other program can take a published port, and it is free once the container has gone', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  await engine.attach('c1', { ports: [port(80, 8080), port(80, 8080, 'udp')] });
  const tries = ['0.0.0.0', '::', '127.0.0.1', '::1', HOST4].flatMap((host) => both(host, 8080));
  assert.deepEqual(await bed.bind('host', tries), Array(tries.length).fill('EADDRINUSE'));
  await engine.networks.detach('c1');
  for (const one of tries) assert.deepEqual(await bed.bind('host', [one]), ['ok']);
});

test('ephemeral ports, ranges and -P', async () => {
  await using bed = await Testbed.open();
  await bed.sh('host', 'echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range');
  const engine = await bed.engine();
  await bed.serve('host', 40001, 'program');
  const first = await engine.attach('c1', {
    ports: [{ ...port(80, 8000), hostPortEnd: 8001 }, { ...port(81, 8000), hostPortEnd: 8001 }, port(82, 0)],
    publishAll: [
      { containerPort: 82, protocol: 'tcp' },
      { containerPort: 83, protocol: 'tcp' },
    ],
  });
  const host = (sandbox: Sandbox) =>
    sandbox.ports
      .filter(({ hostIp }) => hostIp === '0.0.0.0')
      .map((each) => `${each.containerPort}:${each.hostPort}`);
  assert.deepEqual(host(first), ['80:8000', '81:8001', '82:40000', '83:40002']);
  assert.ok(
    first.ports.every(
      (each) =>
        first.ports.filter(
          ({ containerPort, hostPort }) => containerPort === each.containerPort && hostPort === each.hostPort,
        ).length === 2,
    ),
  );
  await assert.rejects(
    engine.attach('c2', { ports: [{ ...port(80, 8000), hostPortEnd: 8001 }] }),
    /port is already allocated/,
  );
  assert.deepEqual(host(await engine.attach('c2', { ports: [port(80, 0)] })), ['80:40003']);
  await assert.rejects(
    engine.attach('c3', { ports: [port(80, 0)] }),
    /address already in use|already allocated/,
  );
  await engine.networks.detach('c1');
  assert.deepEqual(host(await engine.attach('c3', { ports: [port(80, 0)] })), ['80:40000']);
});

test('many starts at once never share a port', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const ids = Array.from({ length: 24 }, (_, index) => `c${index}`);
  const results = await Promise.allSettled(
    ids.map((id, index) => engine.attach(id, { ports: [port(80, 0), port(81, 8000 + (index % 12))] })),
  );
  const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.equal(made.length, 12);
  const used = made.flatMap(({ ports }) => ports.map(({ hostIp, hostPort }) => `${hostIp}:${hostPort}`));
  assert.equal(new Set(used).size, used.length);
  assert.equal(new Set(made.map(addressOf)).size, 12);
  await Promise.all(ids.map((id) => engine.networks.detach(id)));
  assert.deepEqual(await bed.sh('host', `nft list map inet berth any4 | grep -c elements || true`), '0');
});

test('a UDP flow that goes on reaches the new container, not the old one', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const ask = () =>
    bed.probe('outside', [
      { protocol: 'udp', host: HOST4, port: 5300, from: 6666 },
      { protocol: 'udp', host: HOST6, port: 5300, from: 6667 },
    ]);
  const old = await engine.attach('c1', { ports: [port(53, 5300, 'udp')] });
  await bed.serve(old, 53, 'old');
  assert.deepEqual(await ask(), [`old ${OUTSIDE4}`, `old ${OUTSIDE6}`]);
  await engine.networks.detach('c1');
  const next = await engine.attach('c2', { ports: [port(53, 5300, 'udp')] });
  await bed.serve(next, 53, 'new');
  assert.deepEqual(await ask(), [`new ${OUTSIDE4}`, `new ${OUTSIDE6}`]);
});

test('ports of a running container come and go, all or nothing, and are known to the next engine', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const web = await engine.attach('web', { ports: [port(80, 8080), port(80, 5300, 'udp')] });
  await bed.serve(web, 80, 'web');
  const select = (hostPort: number, protocol = 'tcp') => ({ protocol, hostIp: '', hostPort });
  const change = (add: ReturnType<typeof port>[], remove: ReturnType<typeof select>[]) =>
    engine.call('changePorts', 'web', { add, remove });
  const udp = (number: number) => ({ protocol: 'udp', host: HOST4, port: number, from: 6700 }) as const;
  await bed.expect('outside', [udp(5300)], [`web ${OUTSIDE4}`]);
  await change([port(80, 8081)], [select(8080), select(5300, 'udp')]);
  const tcp = (number: number) => ({ protocol: 'tcp', host: HOST4, port: number }) as const;
  await bed.expect('outside', [tcp(8080), tcp(8081)], ['ECONNREFUSED', `web ${OUTSIDE4}`]);
  // The flow that was there has ended with its port.
  assert.notEqual((await bed.probe('outside', [udp(5300)]))[0], `web ${OUTSIDE4}`);
  await bed.serve('host', 7000, 'program');
  await assert.rejects(change([port(80, 8082), port(80, 7000)], [select(8081)]), /address already in use/);
  await assert.rejects(change([], [select(9999)]), /does not publish 9999\/tcp/);
  await bed.expect('outside', [tcp(8081), tcp(8082)], [`web ${OUTSIDE4}`, 'ECONNREFUSED']);
  await engine.kill();
  const next = await bed.engine();
  await next.call('recover', ['web']);
  const { ports } = await next.call<Sandbox>('sandbox', 'web');
  assert.deepEqual(
    ports.map(({ hostPort }) => hostPort),
    [8081, 8081],
  );
  await bed.expect('outside', [tcp(8080), tcp(8081)], ['ECONNREFUSED', `web ${OUTSIDE4}`]);
});
