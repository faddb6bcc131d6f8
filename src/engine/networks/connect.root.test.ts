import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Network, Sandbox } from './index.ts';
import { addressOf, type Engine, HOST4, OUTSIDE4, port, Testbed } from './testbed.fixture.ts';

const PLAIN = { driver: 'bridge', labels: {}, options: {} };
const tcp = (host: string, number: number) => ({ protocol: 'tcp', host, port: number }) as const;
const interfaces = ({ endpoints }: Sandbox) =>
  endpoints.map(({ networkName, interface: name }) => `${networkName} ${name}`);
const network = (engine: Engine, name: string, options: object = {}): Promise<Network> =>
  engine.networks.create({ ...PLAIN, name, ...options });

test('a container joins and leaves networks while it runs; its default route and ports follow the gateway', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const pools = [{ subnet: '10.5.0.0/24' }, { subnet: 'fd05::/64' }];
  const middle = await network(engine, 'middle', { ipv6: true, ipam: { pools } });
  const alpha = await network(engine, 'alpha', { ipam: { pools: [{ subnet: '10.6.0.0/24' }] } });
  const sandbox = await engine.attach('c1', { network: 'middle', ports: [port(80, 8080), port(81, 0)] });
  await bed.serve(sandbox, 80, 'one');
  const other = await engine.attach('c2', { network: 'alpha' });
  const before = await engine.call<Sandbox>('sandbox', 'c1');
  await bed.expect(other, [tcp(addressOf(sandbox), 80)], ['TIMEOUT']);

  const connected = await engine.networks.connect('c1', { network: 'alpha', address: '10.6.0.77' });
  assert.deepEqual(interfaces(connected), ['middle eth0', 'alpha eth1']);
  await bed.expect(other, [tcp('10.6.0.77', 80)], [`one ${addressOf(other)}`]);
  // Both families come before one.
  assert.match(await bed.sh(sandbox, 'ip route show default'), /via 10\.5\.0\.1 dev eth0/);
  assert.deepEqual(connected.ports, before.ports);
  const hosts = () => readFileSync(join(engine.base, 'files', 'c1', 'hosts'), 'utf8');
  assert.match(hosts(), /^10\.6\.0\.77\tc1-host$/m);
  await assert.rejects(
    engine.networks.connect('c1', { network: 'alpha' }),
    /endpoint with name c1 already exists in network alpha/,
  );

  const left = await engine.networks.disconnect('c1', middle.id);
  assert.deepEqual(interfaces(left), ['alpha eth1']);
  assert.match(await bed.sh(sandbox, 'ip route show default'), /via 10\.6\.0\.1 dev eth1/);
  assert.equal(await bed.sh(sandbox, 'ip -6 route show default'), '');
  assert.deepEqual(left.ports, before.ports);
  await bed.expect('outside', [tcp(HOST4, 8080)], [`one ${OUTSIDE4}`]);
  assert.ok(!hosts().includes(addressOf(sandbox)) && hosts().includes('10.6.0.77'));

  // By priority, whatever the name; the lowest free number.
  const again = await engine.networks.connect('c1', { network: 'bridge', gatewayPriority: 1 });
  assert.deepEqual(interfaces(again), ['alpha eth1', 'bridge eth0']);
  assert.match(await bed.sh(sandbox, 'ip route show default'), /via 172\.17\.0\.1 dev eth0/);
  assert.match(await bed.sh(sandbox, 'ip -6 route show default'), /dev eth0/);
  await engine.networks.disconnect('c1', alpha.id);
  const alone = await engine.networks.disconnect('c1', again.endpoints[1]?.networkId ?? '');
  assert.deepEqual([alone.endpoints, alone.ports], [[], []]);
  assert.equal(await bed.sh(sandbox, 'ip -o link | wc -l; ip route'), '1');
  assert.deepEqual(await bed.bind('host', [tcp('0.0.0.0', 8080)]), ['ok']);
  await assert.rejects(
    engine.networks.disconnect('c1', alpha.id),
    /container c1 is not connected to network alpha/,
  );
  await engine.networks.remove('middle');
});

test('several networks from the start; a failure among them leaves nothing', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine({ poolSize: 0 });
  for (const name of ['a', 'b', 'c']) await network(engine, name);
  const endpoints = ['b', 'c', 'a'].map((name) => ({ network: name }));
  const sandbox = await engine.attach('c1', { endpoints });
  assert.deepEqual(interfaces(sandbox), ['b eth0', 'c eth1', 'a eth2']);
  assert.match(await bed.sh(sandbox, 'ip route show default'), /dev eth2/);
  await assert.rejects(
    engine.attach('c2', { endpoints: [{ network: 'a' }, { network: 'nowhere' }] }),
    /network nowhere not found/,
  );
  await assert.rejects(
    engine.attach('c2', { endpoints: [{ network: 'a' }, { network: 'b', mac: 'x' }] }),
    /invalid MAC/,
  );
  await engine.networks.detach('c1');
  for (const name of ['a', 'b', 'c']) await engine.networks.remove(name);
  assert.equal(await bed.sh('host', `ls ${engine.base}/netns | wc -l`), '0');
});

test('killed at any moment of connect and disconnect, the next engine finds the container on a network or not', async () => {
  await using bed = await Testbed.open();
  for (const delay of [0, 1, 2, 3, 5, 8]) {
    const engine = await bed.engine({ poolSize: 0 });
    const made = [];
    for (let index = 0; index < 4; index++) made.push(await network(engine, `n${index}`));
    const sandbox = await engine.attach('c1', { network: 'n0', ports: [port(80, 8080)] });
    const server = await bed.serve(sandbox, 80, 'one');
    await engine.networks.connect('c1', { network: 'n1' });
    const work = Promise.allSettled([
      engine.networks.connect('c1', { network: 'n2', gatewayPriority: 5 }),
      engine.networks.disconnect('c1', made[0]?.id ?? ''),
      engine.networks.connect('c1', { network: 'n3' }),
    ]);
    await setTimeout(delay);
    await engine.kill();
    await work;
    const next = await bed.engine({ poolSize: 0 });
    await next.call('recover', ['c1']);
    const found = await next.call<Sandbox>('sandbox', 'c1');
    const inside = await bed.sh(sandbox, `ip -o link | sed '/lo:/d; s/^[0-9]*: //; s/@.*//'`);
    assert.deepEqual(
      inside.split('\n').toSorted(),
      found.endpoints.map((endpoint) => endpoint.interface).toSorted(),
      `after ${delay} ms`,
    );
    // The kernel ends the namespace of the round before by itself.
    const veths = `[ $(ip -o link | grep -c veth) = ${found.endpoints.length} ]`;
    await bed.sh('host', `i=0; until ${veths}; do sleep 0.1; i=$((i+1)); [ $i -lt 100 ]; done`);
    await bed.expect('outside', [tcp(HOST4, 8080)], [`one ${OUTSIDE4}`]);
    assert.equal(await bed.sh(sandbox, 'ip route show default | wc -l'), '1');
    server.kill();
    await next.networks.detach('c1');
    for (const { name } of made) await next.networks.remove(name);
    await next.exit();
  }
});
