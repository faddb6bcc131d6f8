import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../engine.fixture.ts';
import type { Network } from './index.ts';
import { addressOf, HOST4, OUTSIDE4, port, Testbed } from './testbed.fixture.ts';

const PLAIN = { driver: 'bridge', labels: {}, options: {} };
const tcp = (host: string, number: number) => ({ protocol: 'tcp', host, port: number }) as const;

test('a user-defined network is made, listed, found, kept across a restart and removed', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const made = await engine.networks.create({
    ...PLAIN,
    name: 'back',
    labels: { a: 'b' },
    options: { 'com.docker.network.bridge.name': 'back0' },
  });
  assert.equal(made.ipam.pools[0]?.subnet, '172.18.0.0/16');
  assert.equal(made.ipam.pools.length, 1);
  const names = async () => (await engine.call<Network[]>('list')).map(({ name }) => name).toSorted();
  assert.deepEqual(await names(), ['back', 'bridge', 'host', 'none']);
  for (const reference of ['back', made.id, made.id.slice(0, 12)])
    assert.deepEqual(await engine.call('get', reference), made);
  await engine.kill();
  const again = await bed.engine();
  assert.deepEqual(await again.call('get', 'back'), made);
  await again.networks.remove('back');
  await assert.rejects(bed.sh('host', 'ip link show back0'));
  await assert.rejects(again.call('get', 'back'), /network back not found/);
});

test('networks do not reach each other, an internal one reaches nothing', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  await engine.networks.create({
    ...PLAIN,
    name: 'back',
    ipam: { pools: [{ subnet: '10.88.0.0/24', gateway: '10.88.0.254' }] },
  });
  const internal = await engine.networks.create({ ...PLAIN, name: 'inner', internal: true });
  const front = await engine.attach('front');
  const back = await engine.attach('back', { network: 'back', ports: [port(80, 8080)] });
  const inner = await engine.attach('inner', { network: internal.id, ports: [port(80, 8081)] });
  const neighbour = await engine.attach('neighbour', { network: 'inner' });
  assert.match(addressOf(back), /^10\.88\.0\./);
  assert.equal(back.endpoints[0]?.gateway, '10.88.0.254');
  assert.deepEqual(inner.ports, []);
  await bed.serve(back, 80, 'back');
  await bed.serve(inner, 80, 'inner');
  await bed.serve('outside', 80, 'world');
  await bed.expect(front, [tcp(addressOf(back), 80), tcp(addressOf(inner), 80)], ['TIMEOUT', 'TIMEOUT']);
  // By the published port, and the client's address is kept.
  await bed.expect(front, [tcp(HOST4, 8080)], [`back ${addressOf(front)}`]);
  await bed.expect(back, [tcp(OUTSIDE4, 80)], [`world ${HOST4}`]);
  await bed.expect(neighbour, [tcp(addressOf(inner), 80)], [`inner ${addressOf(neighbour)}`]);
  await bed.expect(neighbour, [tcp(OUTSIDE4, 80)], ['ENETUNREACH']);
  // Even with a route that the container made itself.
  await bed.sh(neighbour, `ip route add default via ${internal.ipam.pools[0]?.gateway}`);
  await bed.expect(neighbour, [tcp(OUTSIDE4, 80)], ['TIMEOUT']);
  assert.deepEqual(
    (await engine.call<[string, unknown][]>('endpoints', internal.id)).map(([id]) => id).toSorted(),
    ['inner', 'neighbour'],
  );
});

test('what Docker refuses is refused', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  await engine.networks.create({ ...PLAIN, name: 'back', ipam: { pools: [{ subnet: '10.88.0.0/24' }] } });
  const before = await bed.sh('host', 'ip -o link; nft list ruleset');
  const cases: [object, string, RegExp][] = [
    [{ name: 'back' }, 'conflict', /network with name back already exists/],
    [{ name: 'bridge' }, 'forbidden', /predefined/],
    [{ name: ' ' }, 'invalid', /name is empty/],
    [{ name: 'x', driver: 'host' }, 'forbidden', /only one instance of "host" network is allowed/],
    [{ name: 'x', driver: 'magic' }, 'not-found', /plugin "magic" not found/],
    [{ name: 'x', ipam: { pools: [{ subnet: '10.88.0.128/25' }] } }, 'forbidden', /Pool overlaps/],
    [{ name: 'x', ipam: { pools: [{ subnet: '10.89.0.0' }] } }, 'invalid', /invalid CIDR/],
    [
      { name: 'x', ipam: { pools: [{ subnet: '10.89.0.1/24' }] } },
      'invalid',
      /it should be 10\.89\.0\.0\/24/,
    ],
    [
      { name: 'x', ipam: { pools: [{ subnet: '10.89.0.0/24', gateway: '10.90.0.1' }] } },
      'invalid',
      /invalid gateway 10\.90\.0\.1: parent subnet/,
    ],
    [
      { name: 'x', options: { 'com.docker.network.bridge.name': 'far-too-long-for-a-name' } },
      'invalid',
      /at most 15/,
    ],
    [{ name: 'x', options: { 'com.docker.network.bridge.name': 'ext0' } }, 'conflict', /ext0/],
    [{ name: 'x', options: { 'com.docker.network.driver.mtu': '12' } }, 'invalid', /driver\.mtu value: 12/],
  ];
  for (const [options, kind, text] of cases) {
    await assert.rejects(engine.networks.create({ ...PLAIN, name: 'x', ...options }), (error) => {
      assert.ok(error instanceof Error && 'kind' in error);
      assert.match(error.message, text);
      assert.equal(error.kind, kind);
      return true;
    });
  }
  await engine.attach('c1', { network: 'back' });
  await assert.rejects(
    engine.networks.remove('back'),
    /network back has active endpoints \(name:"c1" id:"c1"\)/,
  );
  await assert.rejects(
    engine.networks.remove('bridge'),
    /bridge is a pre-defined network and cannot be removed/,
  );
  assert.deepEqual(await engine.networks.prune({}), []);
  await engine.networks.detach('c1');
  assert.deepEqual(await engine.networks.prune({}), ['back']);
  assert.ok(before.includes('br-'));
  await eventually('its bridge is gone', async () => !(await bed.sh('host', 'ip -o link')).includes('br-'));
});

test('the default subnet avoids what the host uses; an administrator’s bridge is used as it is', async () => {
  await using bed = await Testbed.open();
  await bed.sh(
    'host',
    'ip route add 172.16.0.0/12 via 198.51.100.2; ip link add mine type bridge; ip addr add 10.99.0.1/24 dev mine',
  );
  const one = await bed.engine();
  assert.match(await bed.sh('host', 'ip -o -4 addr show berth0'), /192\.168\.0\.1\/20/);
  const two = await bed.engine({ instance: 'berth-00000000', bridge: 'mine' });
  assert.match(addressOf(await two.attach('c1')), /^10\.99\.0\./);
  await two.exit({ teardown: true });
  assert.ok(await bed.sh('host', 'ip link show mine'));
  await assert.rejects(bed.engine({ instance: 'berth-11111111', bridge: 'absent' }));
  await one.exit({ teardown: true });
});

test('engines of one host that start and make networks at the same time take no block twice', async () => {
  await using bed = await Testbed.open();
  const instances = ['0000000a', '0000000b', '0000000c'].map((id) => `berth-${id}`);
  const engines = await Promise.all(instances.map((instance) => bed.engine({ instance })));
  const subnetOf = ({ ipam }: Network) => ipam.pools[0]?.subnet;
  const subnets: unknown[] = [];
  for (const engine of engines)
    subnets.push(...(await engine.call<Network[]>('list')).flatMap((network) => subnetOf(network) ?? []));
  // In bursts, in which an engine does not read the host anew for each.
  for (const round of ['a', 'b', 'c']) {
    const made = await Promise.all(engines.map((each) => each.networks.create({ ...PLAIN, name: round })));
    subnets.push(...made.map(subnetOf));
  }
  assert.equal(new Set(subnets).size, 12, subnets.join(' '));
});
