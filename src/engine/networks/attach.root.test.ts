import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InterfaceCounters } from './index.ts';
import { addressOf, HOST4, HOST6, OUTSIDE4, OUTSIDE6, port, Testbed } from './testbed.fixture.ts';

const PLAIN = { driver: 'bridge', labels: {}, options: {} };

test('a container on the default network has an address, a way out and its three files', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine({ dns: ['10.9.9.9'] });
  const sandbox = await engine.attach('c1', {
    domainname: 'example.org',
    extraHosts: ['up:host-gateway', 'db:10.0.0.9'],
    dnsSearch: ['lan'],
  });
  const [endpoint] = sandbox.endpoints;
  assert.ok(endpoint?.address6);
  assert.equal(endpoint.address, '172.17.0.2');
  assert.equal(endpoint.gateway, '172.17.0.1');
  assert.equal(endpoint.mac, '02:42:ac:11:00:02');
  assert.equal(endpoint.prefix, 16);
  assert.match(await bed.sh(sandbox, 'ip -o link show eth0'), new RegExp(`ether ${endpoint.mac}`));
  assert.match(await bed.sh(sandbox, 'ip -o addr show dev eth0'), /inet 172\.17\.0\.2\/16.*\n.*inet6 fd/);
  assert.match(await bed.sh(sandbox, 'ip route'), /default via 172\.17\.0\.1 dev eth0/);
  assert.ok(!(await bed.sh(sandbox, 'ip -6 addr show dev eth0')).includes('tentative dadfailed'));
  assert.equal(await bed.sh(sandbox, 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'), '0');
  assert.equal(await bed.sh(sandbox, 'cat /proc/sys/net/ipv6/conf/eth0/accept_ra'), '0');
  await bed.serve('outside', 80, 'world');
  await bed.expect(
    sandbox,
    [OUTSIDE4, OUTSIDE6].flatMap((host) => [
      { protocol: 'tcp', host, port: 80 } as const,
      { protocol: 'udp', host, port: 80 } as const,
    ]),
    [`world ${HOST4}`, `world ${HOST4}`, `world ${HOST6}`, `world ${HOST6}`],
  );
  const file = (name: string) => readFileSync(join(engine.base, 'files', 'c1', name), 'utf8');
  assert.match(
    file('resolv.conf'),
    /\nnameserver 127\.0\.0\.11\nsearch lan\n[\s\S]*ExtServers: \[10\.9\.9\.9\]/,
  );
  assert.equal(file('hostname'), 'c1-host\n');
  const tail = file('hosts').split('\n').slice(6);
  assert.equal(
    tail.join('\n'),
    `172.17.0.1\tup\n${endpoint.gateway6}\tup\n10.0.0.9\tdb\n172.17.0.2\tc1-host.example.org c1-host\n${endpoint.address6}\tc1-host.example.org c1-host\n`,
  );
  const counters = await engine.networks.statistics('c1');
  const eth0: InterfaceCounters | undefined = counters['eth0'];
  const inside = (await bed.sh(sandbox, 'grep eth0: /proc/net/dev')).split(/\s+/).map(Number);
  assert.ok(eth0 && eth0.rxPackets > 4 && eth0.txBytes > 200);
  assert.ok(eth0.rxBytes <= (inside[1] ?? 0) && eth0.txBytes <= (inside[9] ?? 0));
});

test('a host without IPv6 publishes on IPv4 only', async () => {
  await using bed = await Testbed.open();
  await bed.sh('host', 'for i in all default; do echo 1 > /proc/sys/net/ipv6/conf/$i/disable_ipv6; done');
  const engine = await bed.engine();
  const sandbox = await engine.attach('c1', { ports: [port(80, 8080), port(132, 8132, 'sctp')] });
  assert.equal(sandbox.endpoints[0]?.address6, undefined);
  assert.deepEqual(
    sandbox.ports.map(({ protocol, hostIp }) => `${protocol} ${hostIp}`),
    ['tcp 0.0.0.0', 'sctp 0.0.0.0'],
  );
  await bed.serve(sandbox, 80, 'one', '0.0.0.0');
  await bed.expect('outside', [{ protocol: 'tcp', host: HOST4, port: 8080 }], [`one ${OUTSIDE4}`]);
  assert.match(await bed.sh('host', 'nft list map inet berth any4'), /sctp \. 8132/);
  await assert.rejects(
    engine.attach('c2', { ports: [port(80, 8081, 'tcp', '::')] }),
    /this host has no IPv6/,
  );
});

test('a host that follows router advertisements goes on doing so', async () => {
  await using bed = await Testbed.open();
  await bed.sh('host', 'ip link add deaf type bridge; echo 0 > /proc/sys/net/ipv6/conf/deaf/accept_ra');
  await bed.engine();
  const accepted = await bed.sh(
    'host',
    'cd /proc/sys/net/ipv6/conf; cat ext0/accept_ra deaf/accept_ra berth0/accept_ra all/forwarding ../../ipv4/ip_forward',
  );
  assert.equal(accepted, '2\n0\n0\n1\n1');
});

test('asked addresses, MAC and sysctls are set', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine({ bip: '10.76.0.1/24', ipv6Subnet: 'fd76::/64', mtu: 1400 });
  const pools = [{ subnet: '10.77.0.0/24' }, { subnet: 'fd77::/64' }];
  await engine.networks.create({ ...PLAIN, name: 'back', ipv6: true, ipam: { pools } });
  const sandbox = await engine.attach('c1', {
    network: 'back',
    address: '10.77.0.50',
    address6: 'fd77::50',
    mac: '02:00:00:AA:bb:cc',
    sysctls: { 'net.ipv4.ip_forward': '1', 'net.core.somaxconn': '77' },
  });
  assert.match(await bed.sh(sandbox, 'ip -o addr show dev eth0'), /10\.77\.0\.50\/24.*\n.*fd77::50\/64/);
  assert.match(await bed.sh(sandbox, 'ip -o link show eth0'), /mtu 1400.*02:00:00:aa:bb:cc/);
  assert.equal(
    await bed.sh(sandbox, 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/core/somaxconn'),
    '1\n77',
  );
  const pooled = await engine.attach('c2', { sysctls: { 'net.core.somaxconn': '78' } });
  assert.equal(await bed.sh(pooled, 'cat /proc/sys/net/core/somaxconn'), '78');
  assert.match(await bed.sh(pooled, 'ip -o link show eth0'), /mtu 1400/);
});

test('bad requests are refused by name and leave nothing behind', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine({ poolSize: 0 });
  const ipam = { pools: [{ subnet: '10.77.0.0/24' }] };
  await engine.networks.create({ ...PLAIN, name: 'back', ipam });
  await engine.attach('c1', { network: 'back', address: '10.77.0.50' });
  const snapshot = () =>
    bed.sh(
      'host',
      `ip -o link | sed 's/ state [A-Z]*//; s/NO-CARRIER,//'; ls ${engine.base}/netns; nft list ruleset`,
    );
  const before = await snapshot();
  const cases: [Parameters<typeof engine.attach>[1], string, RegExp][] = [
    [{ network: 'back', address: '10.77.0.50' }, 'forbidden', /Address already in use/],
    [{ network: 'back', address: '10.78.0.50' }, 'invalid', /no configured subnet or ip-range contain/],
    [{ address: '172.17.0.9' }, 'invalid', /only when connecting to networks with user configured subnets/],
    [{ mac: '01:00:00:00:00:01' }, 'invalid', /multicast/],
    [{ mac: 'nonsense' }, 'invalid', /invalid MAC address/],
    [{ network: 'nowhere' }, 'not-found', /network nowhere not found/],
    [{ mode: 'container:gone' }, 'conflict', /cannot join network of a non running container: gone/],
    [{ sysctls: { 'net.no.such': '1' } }, 'invalid', /net\.no\.such/],
    [{ sysctls: { 'net.core.somaxconn': 'many' } }, 'invalid', /somaxconn/],
    [{ sysctls: { 'kernel.hostname': 'x' } }, 'invalid', /not whitelisted/],
    [{ sysctls: { 'net.../../kernel.hostname': 'x' } }, 'invalid', /not whitelisted/],
    [{ extraHosts: ['x y:1.2.3.4'] }, 'invalid', /bad format for add-host/],
    [{ ports: [port(0, 80)] }, 'system', /invalid container port/],
    [{ ports: [port(80, 99999)] }, 'system', /invalid host port/],
    [{ ports: [port(80, 80, 'tcp', 'localhost')] }, 'system', /invalid IP address: localhost/],
  ];
  for (const [options, kind, text] of cases) {
    await assert.rejects(engine.attach('c2', options), (error) => {
      assert.ok(error instanceof Error && 'kind' in error);
      assert.match(error.message, text);
      assert.equal(error.kind, kind);
      return true;
    });
  }
  // The kernel takes its time to end what was made before the failure.
  await bed.sh(
    'host',
    'i=0; while [ $(ip -o link | grep -c veth) -gt 1 ]; do sleep 0.1; i=$((i+1)); [ $i -lt 100 ]; done',
  );
  assert.equal(await snapshot(), before);
  assert.equal(await bed.sh('host', `ls ${engine.base}/netns | wc -l`), '1');
});

test('none has loopback only, host has the files of the host', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const none = await engine.attach('c1', { network: 'none' });
  assert.match(await bed.sh(none, 'ip -o link'), /^1: lo: <LOOPBACK,UP[^\n]*$/);
  assert.equal(none.endpoints[0]?.networkName, 'none');
  const host = await engine.attach('c2', { mode: 'host', extraHosts: ['db:10.0.0.9'] });
  assert.equal(host.netns, undefined);
  assert.equal(host.endpoints[0]?.networkName, 'host');
  const file = (name: string) => readFileSync(join(engine.base, 'files', 'c2', name), 'utf8');
  assert.equal(
    file('hosts').replace(/\n?10\.0\.0\.9\tdb\n$/, ''),
    readFileSync('/etc/hosts', 'utf8').replace(/\n$/, ''),
  );
  assert.equal(file('resolv.conf'), readFileSync('/etc/resolv.conf', 'utf8'));
  await assert.rejects(
    engine.attach('c3', { mode: 'host', sysctls: { 'net.core.somaxconn': '1' } }),
    /not allowed: host network/,
  );
  await engine.networks.detach('c1');
  await engine.networks.detach('c2');
  await engine.networks.detach('never');
});

test('a container that joins another shares its namespace and files, and outlives it', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine({ bip: '10.77.0.1/29', poolSize: 0 });
  const owner = await engine.attach('owner', { ports: [port(80, 8080)] });
  const joiner = await engine.attach('joiner', { mode: 'container:owner' });
  const third = await engine.attach('third', { mode: 'container:joiner' });
  assert.equal(joiner.netns, owner.netns);
  assert.equal(third.netns, owner.netns);
  assert.deepEqual([joiner.endpoints, joiner.ports], [[], []]);
  const ino = (id: string) => statSync(join(engine.base, 'files', id, 'hosts')).ino;
  assert.equal(ino('joiner'), ino('owner'));
  writeFileSync(join(engine.base, 'files', 'joiner', 'hosts'), 'seen');
  assert.equal(readFileSync(join(engine.base, 'files', 'third', 'hosts'), 'utf8'), 'seen');
  await bed.serve(joiner, 80, 'joined');
  const ask = () => bed.probe('host', [{ protocol: 'tcp', host: '127.0.0.1', port: 8080 }]);
  assert.deepEqual(await ask(), ['joined 10.77.0.1']);
  await engine.networks.detach('owner');
  assert.deepEqual(await ask(), ['ECONNREFUSED']);
  // The namespace lives on with its address, which nobody else may get.
  assert.match(await bed.sh(joiner, 'ip -o -4 addr show dev eth0'), /10\.77\.0\.2/);
  for (const id of ['a', 'b', 'c', 'd']) assert.notEqual(addressOf(await engine.attach(id)), '10.77.0.2');
  await assert.rejects(engine.attach('e'), /no available IPv4 addresses/);
  await engine.networks.detach('joiner');
  await engine.networks.detach('third');
  assert.equal(addressOf(await engine.attach('e')), '10.77.0.2');
});

test('a container that starts again while others are in its namespace gets it back', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine({ poolSize: 0 });
  for (const name of ['one', 'two', 'three']) await engine.networks.create({ ...PLAIN, name });
  const ports = [port(80, 8080)];
  const owner = await engine.attach('owner', { endpoints: [{ network: 'one' }, { network: 'two' }], ports });
  await engine.attach('joiner', { mode: 'container:owner' });
  await bed.serve(owner, 80, 'joined');
  const ask = () => bed.probe('outside', [{ protocol: 'tcp', host: HOST4, port: 8080 }]);
  await engine.networks.detach('owner');
  await engine.kill();
  const next = await bed.engine({ poolSize: 0 });
  await next.call('recover', ['joiner']);
  assert.deepEqual(await ask(), ['ECONNREFUSED']);
  const again = await next.attach('owner', {
    endpoints: [{ network: 'three' }, { network: 'two', aliases: ['x'] }],
    ports,
  });
  assert.equal(again.netns, owner.netns);
  assert.deepEqual(
    again.endpoints.map((endpoint) => [endpoint.networkName, endpoint.interface, endpoint.aliases]),
    [
      ['three', 'eth0', []],
      ['two', 'eth1', ['x']],
    ],
  );
  assert.equal(again.endpoints[1]?.address, owner.endpoints[1]?.address);
  assert.deepEqual(await ask(), [`joined ${OUTSIDE4}`]);
  await next.networks.remove('one');
  await assert.rejects(next.networks.remove('two'), /active endpoints/);
  await assert.rejects(
    next.attach('owner', { endpoints: [{ network: 'three' }, { network: 'bridge', mac: 'x' }], ports }),
    /invalid MAC/,
  );
  await next.networks.detach('joiner');
  assert.equal(await bed.sh('host', `ls ${next.base}/netns | wc -l`), '0');
  for (const name of ['two', 'three']) await next.networks.remove(name);
});

test('a second attach of a container replaces what a start that never ended has left', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine({ poolSize: 0 });
  await engine.attach('c1', { ports: [port(80, 8080)] });
  const again = await engine.attach('c1', { ports: [port(80, 8080)] });
  assert.equal(again.ports.length, 2);
  assert.equal(await bed.sh('host', `ls ${engine.base}/netns | wc -l`), '1');
});
