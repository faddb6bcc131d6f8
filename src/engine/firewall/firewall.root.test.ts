import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { silentLogger } from '#lib/log';
import { Nftables, watchTable } from '#linux/nftables';
import { Firewall } from './firewall.ts';
import { elementOfForward } from './forward.ts';

const NO_ROUTES = { send: () => {} };

const run = promisify(execFile);
const element = (hostPort: number) =>
  elementOfForward({ protocol: 'tcp', hostIp: '0.0.0.0', hostPort, address: '10.255.255.2', port: 1 });

test('a table that the kernel does not protect is restored when somebody deletes from it', async () => {
  const table = `berth-test-${process.pid}`;
  using nft = new Nftables();
  // As on a kernel without owned tables (before 6.9).
  const unowned = {
    run: (script: string) => nft.run(script),
    ownTable: (name: string) => {
      nft.run(`add table inet ${name}`);
      return false;
    },
    tableOwner: () => undefined,
  };
  const firewall = new Firewall({ table, nft: unowned, route: NO_ROUTES, log: silentLogger });
  firewall.rebuild();
  firewall.change({ add: [element(1), element(2)] });
  const restored = { count: 0, next: Promise.withResolvers<void>() };
  using _watch = watchTable(table, () => {
    firewall.restore();
    restored.count++;
    restored.next.resolve();
  });
  const list = async () => (await run('nft', ['list', 'table', 'inet', table])).stdout;
  const whole = await list();
  assert.match(whole, /tcp \. 2 : 10\.255\.255\.2 \. 1/);
  for (const command of [
    `delete table inet ${table}`,
    `flush chain inet ${table} publish`,
    `flush map inet ${table} any4`,
    `delete element inet ${table} any4 { tcp . 1 }`,
  ]) {
    restored.next = Promise.withResolvers();
    await run('nft', [command]);
    await restored.next.promise;
    assert.equal(await list(), whole, command);
  }
  // Its own changes are not taken for a stranger's.
  const before = restored.count;
  firewall.change({ remove: [element(2)] });
  await run('nft', ['list', 'tables']);
  assert.equal(restored.count, before);
  // A change that meets a table that has just gone puts everything back at once.
  await run('nft', [`delete table inet ${table}`]);
  firewall.change({ add: [element(3)] });
  assert.match(await list(), /tcp \. 1 : .*tcp \. 3 : |tcp \. 3 : .*tcp \. 1 : /s);
  firewall.close({ teardown: true });
  await assert.rejects(list());
});

test('a change is a few elements, a refused one leaves no trace, and what is moved is never missing', async () => {
  const table = `berth-test2-${process.pid}`;
  using nft = new Nftables();
  const scripts: string[] = [];
  const recording = {
    run: (script: string) => {
      scripts.push(script);
      nft.run(script);
    },
    ownTable: (name: string) => nft.ownTable(name),
    tableOwner: () => undefined,
  };
  using firewall = new Firewall({ table, nft: recording, route: NO_ROUTES, log: silentLogger });
  const bridge = { name: 'br-test', subnets: ['10.255.255.0/24'], internal: false, masquerade: true };
  firewall.setBridges([bridge]);
  const other = { ...bridge, name: 'br-test2', subnets: ['10.255.254.0/24', 'fd00:1::/64'], icc: false };
  scripts.length = 0;
  firewall.setBridges([bridge, other]);
  assert.equal(scripts.length, 1);
  assert.ok(!scripts[0]?.includes('rule'), scripts.join());
  const list = async () => (await run('nft', ['list', 'table', 'inet', table])).stdout;
  assert.match(
    await list(),
    /set within \{\s*type ifname \. ifname\s*elements = \{ "br-test" \. "br-test" \}/,
  );
  firewall.setBridges([bridge, { ...other, icc: true }]);
  assert.match(await list(), /"br-test2" \. "br-test2"/);
  firewall.change({ add: [element(1), element(2)] });
  const whole = await list();
  assert.throws(() =>
    firewall.change({ add: [element(3), { set: 'any4', key: 'tcp . no-port', value: 'x' }] }),
  );
  assert.equal(await list(), whole);
  firewall.rebuild();
  assert.equal(await list(), whole);
  scripts.length = 0;
  const to = { ...element(1), value: '10.255.255.3 . 1' };
  firewall.change({ remove: [element(1)], add: [to] });
  assert.equal(scripts.length, 1);
  assert.match(await list(), /tcp \. 1 : 10\.255\.255\.3/);
  firewall.setBridges([bridge]);
  assert.doesNotMatch(await list(), /br-test2|10\.255\.254|fd00:1/);
  firewall.close({ teardown: true });
});
