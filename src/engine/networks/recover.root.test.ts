import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { addressOf, HOST4, HOST6, port, Testbed } from './testbed.fixture.ts';

const tcp = (host: string, number: number) => ({ protocol: 'tcp', host, port: number }) as const;

test('after kill -9 what runs is kept, what does not is swept, and publishing never stops', async () => {
  await using bed = await Testbed.open();
  const first = await bed.engine();
  const ports = [port(80, 8080), port(80, 8080, 'udp'), port(81, 8181)];
  const alive = await first.attach('alive', { ports });
  const dead = await first.attach('dead', { ports: [port(80, 8081)] });
  await bed.serve(alive, 80, 'alive');
  await first.networks.poolSettled();
  await bed.serve(alive, 81, 'echo', '::', 'echo');
  using talk = await bed.talk('outside', HOST4, 8181);
  assert.equal(await talk.say('before'), 'before');
  await bed.sh('host', 'nft flush ruleset');
  assert.equal(await talk.say('flushed'), 'flushed');
  await first.kill();
  assert.equal(await talk.say('killed'), 'killed');
  const published = () =>
    bed.probe('outside', [tcp(HOST4, 8080), tcp(HOST6, 8080), { protocol: 'udp', host: HOST4, port: 8080 }]);
  const served = ['alive 198.51.100.2', 'alive 2001:db8:1::2', 'alive 198.51.100.2'];
  assert.deepEqual(await published(), served);

  const second = await bed.engine();
  assert.deepEqual(await second.call('sandbox', 'alive'), alive);
  await second.call('recover', ['alive']);
  assert.deepEqual(await published(), served);
  // Once more with an engine that has restored the table from its records.
  await bed.sh('host', 'nft flush ruleset');
  assert.equal(await talk.say('back'), 'back');
  assert.deepEqual(await second.call('sandbox', 'alive'), alive);
  assert.equal(await second.call('sandbox', 'dead'), undefined);
  assert.deepEqual(await bed.bind('host', [tcp('0.0.0.0', 8080), tcp('::', 8080), tcp('0.0.0.0', 8081)]), [
    'EADDRINUSE',
    'EADDRINUSE',
    'ok',
  ]);
  await assert.rejects(second.attach('c3', { ports: [port(80, 8080)] }), /port is already allocated/);

  await second.networks.poolSettled();
  const names = (await bed.sh('host', `ls ${second.base}/netns`)).split('\n');
  assert.equal(names.length, 3);
  assert.ok(
    names.some((name) => alive.netns?.endsWith(name)) && !names.some((name) => dead.netns?.endsWith(name)),
  );
  const next = await second.attach('next', { ports: [port(80, 8081)] });
  assert.ok(![addressOf(alive), addressOf(dead)].includes(addressOf(next)));
  // The kernel ends the namespaces of the dead one and of the old pool by itself.
  await bed.sh(
    'host',
    `i=0; while [ $(ip -o link | grep -c veth) -gt 4 ]; do sleep 0.1; i=$((i+1)); [ $i -lt 100 ]; done`,
  );
  await second.exit({ teardown: true });
});

test('killed at any moment of attach and detach, the next engine finds nothing half done', async () => {
  await using bed = await Testbed.open();
  let engine = await bed.engine({ poolSize: 0 });
  for (const [round, delay] of [0, 1, 2, 3, 5, 8, 12].entries()) {
    const kept = await engine.attach('kept', { ports: [port(80, 8000)] });
    await engine.attach('leaving', { ports: [port(80, 8001), port(80, 8001, 'udp')] });
    const work = [
      ...Array.from({ length: 6 }, (_, index) =>
        engine.attach(`c${index}`, { ports: [port(80, 8002 + index)] }),
      ),
      engine.networks.detach('leaving'),
    ];
    const settled = Promise.allSettled(work);
    await setTimeout(delay);
    await engine.kill();
    const acknowledged = (await settled)
      .slice(0, 6)
      .flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
    // With and without namespaces that are made ahead.
    const poolSize = 1 - (round % 2);
    engine = await bed.engine({ poolSize });
    for (const index of acknowledged)
      assert.ok(await engine.call('sandbox', `c${index}`), `c${index} after ${delay} ms`);
    await engine.call('recover', ['kept']);
    assert.deepEqual(await engine.call('sandbox', 'kept'), kept);
    await engine.networks.poolSettled();
    assert.equal(await bed.sh('host', `ls ${engine.base}/netns | wc -l`), String(1 + poolSize));
    const rules = await bed.sh('host', 'nft list map inet berth any4; nft list map inet berth any6');
    assert.equal(rules.match(/ : [0-9a-f:.]+ \. 80\b/g)?.length, 2);
    const free = [8001, 8002, 8003, 8004, 8005, 8006, 8007].map((number) => tcp('0.0.0.0', number));
    assert.deepEqual(await bed.bind('host', free), Array(7).fill('ok'));
    await engine.networks.detach('kept');
  }
});

test('a clean end leaves containers alone; the next engine finds them', async () => {
  await using bed = await Testbed.open();
  const first = await bed.engine();
  const sandbox = await first.attach('c1', { ports: [port(80, 8080)] });
  const joiner = await first.attach('c2', { mode: 'container:c1' });
  await bed.serve(sandbox, 80, 'one');
  await first.exit();
  await bed.expect('outside', [tcp(HOST4, 8080)], ['one 198.51.100.2']);
  assert.equal(await bed.sh('host', `ls ${first.base}/netns | wc -l`), '1');
  const second = await bed.engine();
  await second.call('recover', ['c1', 'c2']);
  assert.deepEqual(await second.call('sandbox', 'c2'), joiner);
  await second.networks.detach('c1');
  await second.kill();
  const third = await bed.engine();
  await third.call('recover', ['c2']);
  assert.equal(await bed.sh(joiner, 'ip -o link show eth0 | wc -l'), '1');
  await third.call('recover', []);
  await third.networks.poolSettled();
  assert.equal(await bed.sh('host', `ls ${third.base}/netns | wc -l`), '2');
});

test('with teardown nothing is left, and the subnet stays the same afterwards', async () => {
  await using bed = await Testbed.open();
  const state = () =>
    bed.sh(
      'host',
      `ip -o link | sed "s/^[0-9]*: //;s/@.*//;s/:.*//" | sort; ip -o -4 addr; nft list ruleset; grep ${bed.base} /proc/self/mounts || true`,
    );
  const before = await state();
  const first = await bed.engine();
  await first.attach('c1', { ports: [port(80, 8080)] });
  await first.attach('c2', { network: 'none' });
  await first.networks.create({ name: 'back', driver: 'bridge', labels: {}, options: {} });
  await first.networks.poolSettled();
  await first.exit({ teardown: true });
  await bed.sh(
    'host',
    'i=0; while ip -o link | grep -q veth; do sleep 0.1; i=$((i+1)); [ $i -lt 100 ]; done',
  );
  assert.equal(await state(), before);
  await bed.sh('host', 'ip link add other type bridge; ip addr add 172.16.0.1/16 dev other');
  const second = await bed.engine();
  assert.match(await bed.sh('host', 'ip -o -4 addr show berth0'), /172\.17\.0\.1\/16/);
  await second.networks.remove('back');
  await second.exit({ teardown: true });
});

test('a foreign flush of the ruleset does not end publishing', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const sandbox = await engine.attach('c1', { ports: [port(80, 8080)] });
  await bed.serve(sandbox, 80, 'one');
  await bed.sh('host', 'nft add table inet theirs; nft flush ruleset');
  await bed.expect(
    'outside',
    [tcp(HOST4, 8080), tcp(HOST6, 8080)],
    ['one 198.51.100.2', 'one 2001:db8:1::2'],
  );
  await engine.attach('c2', { ports: [port(80, 8081)] });
  assert.ok(!(await bed.sh('host', 'nft list tables')).includes('theirs'));
});

test('a bridge or veth that somebody deletes is made again, and its containers are on it', async () => {
  await using bed = await Testbed.open();
  const engine = await bed.engine();
  const pools = [{ subnet: '10.5.0.0/24' }, { subnet: 'fd05::/64' }];
  const options = { 'com.docker.network.bridge.name': 'back0' };
  await engine.networks.create({
    name: 'back',
    driver: 'bridge',
    ipv6: true,
    ipam: { pools },
    labels: {},
    options,
  });
  const one = await engine.attach('c1', { network: 'back', ports: [port(80, 8080)] });
  const two = await engine.attach('c2', { network: 'back' });
  await bed.serve(one, 80, 'one');
  const works = async () => {
    await bed.expectSoon('outside', [tcp(HOST4, 8080)], ['one 198.51.100.2']);
    await bed.expectSoon(two, [tcp(addressOf(one), 80)], [`one ${addressOf(two)}`]);
  };
  await works();
  await bed.sh('host', 'ip link del back0');
  await works();
  assert.match(await bed.sh('host', 'ip -o addr show back0'), /10\.5\.0\.1\/24[^]*fd05::1\/64/);
  await bed.sh('host', `ip link del ${one.endpoints[0]?.hostInterface}`);
  await works();
  await engine.kill();
  await bed.sh('host', 'ip link del back0');
  const next = await bed.engine();
  await next.call('recover', ['c1', 'c2']);
  await works();
  await next.networks.detach('c1');
  await next.networks.detach('c2');
  await next.networks.remove('back');
  assert.equal(await bed.sh('host', 'sleep 0.5; ip -o link | grep -c back0 || true'), '0');
  await next.exit({ teardown: true });
});

test('many networks: pruned ones are out of sight at once, and their bridges go although the engine is killed', async () => {
  await using bed = await Testbed.open();
  const bridges = async () => Number(await bed.sh('host', 'ip -o link show type bridge | wc -l'));
  const first = await bed.engine();
  const create = (engine: typeof first, name: string, options = {}) =>
    engine.networks.create({ name, driver: 'bridge', labels: {}, options });
  const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
  for (const name of names) await create(first, name);
  const kept = await first.attach('kept', { network: 'n39' });
  assert.deepEqual((await first.networks.prune({})).toSorted(), names.slice(0, -1).toSorted());
  await first.kill();
  assert.ok((await bridges()) > 2, 'the kernel has deleted them all before anybody could be killed');
  const second = await bed.engine();
  await second.call('recover', ['kept']);
  assert.deepEqual(await second.call('sandbox', 'kept'), kept);
  await bed.serve(kept, 80, 'kept');
  await bed.expect('host', [tcp(addressOf(kept), 80)], [`kept ${kept.endpoints[0]?.gateway}`]);
  // A bridge of the same name is a new one, and ours.
  await create(second, 'again', { 'com.docker.network.bridge.name': 'back0' });
  await second.networks.prune({});
  await create(second, 'again', { 'com.docker.network.bridge.name': 'back0' });
  await second.networks.remove('again');
  await assert.rejects(bed.sh('host', 'ip link show back0'));
  await bed.sh(
    'host',
    'i=0; while [ $(ip -o link show type bridge | wc -l) -gt 2 ]; do sleep 0.1; i=$((i+1)); [ $i -lt 300 ]; done',
  );
  await second.networks.detach('kept');
  await second.exit({ teardown: true });
  assert.equal(await bridges(), 0);
});

test('two engines live side by side', async () => {
  await using bed = await Testbed.open();
  const one = await bed.engine({ instance: 'berth' });
  const two = await bed.engine({ instance: 'berth-0123456789abcdef' });
  const a = await one.attach('c1', { ports: [port(80, 8080)] });
  const b = await two.attach('c1', { ports: [port(80, 8081)] });
  assert.notEqual(
    addressOf(a).split('.').slice(0, 2).join('.'),
    addressOf(b).split('.').slice(0, 2).join('.'),
  );
  await bed.serve(a, 80, 'first');
  await bed.serve(b, 80, 'second');
  const ask = (place: Parameters<typeof bed.probe>[0]) =>
    bed.probe(place, [tcp(HOST4, 8080), tcp(HOST4, 8081)]);
  assert.deepEqual(await ask('outside'), ['first 198.51.100.2', 'second 198.51.100.2']);
  assert.deepEqual(
    (await ask(a)).map((answer) => answer.split(' ')[0]),
    ['first', 'second'],
  );
  await bed.expect(a, [tcp(addressOf(b), 80)], ['TIMEOUT']);
  assert.deepEqual(
    await bed
      .probe('host', [tcp('127.0.0.1', 8080), tcp('127.0.0.1', 8081), tcp('::1', 8080), tcp('::1', 8081)])
      .then((all) => all.map((answer) => answer.split(' ')[0])),
    ['first', 'second', 'first', 'second'],
  );
  await assert.rejects(two.attach('c2', { ports: [port(80, 8080)] }), /address already in use/);
  await two.exit({ teardown: true });
  assert.deepEqual(await ask('outside'), ['first 198.51.100.2', 'ECONNREFUSED']);
  assert.ok(await bed.sh('host', 'ip link show berth0'));
  await assert.rejects(bed.sh('host', 'ip link show br-01234567'));
});
