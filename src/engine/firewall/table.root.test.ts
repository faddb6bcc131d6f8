import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { silentLogger } from '#lib/log';
import { Nftables, type Step, watchTable } from '#linux/nftables';
import { elementsOfAdmission } from './admission.ts';
import { elementsOfBridge } from './bridge.ts';
import { elementOfForward } from './forward.ts';
import { Table } from './table.ts';

const run = promisify(execFile);
const element = (hostPort: number) =>
  elementOfForward({ protocol: 'tcp', hostIp: '0.0.0.0', hostPort, address: '10.255.255.2', port: 1 });

test('a table that the kernel does not protect is restored when somebody deletes from it', async () => {
  const name = `berth-test-${process.pid}`;
  using nft = new Nftables();
  // As on a kernel without owned tables (before 6.9).
  const unowned = {
    run: (script: string) => nft.run(script),
    send: (steps: readonly Step[]) => nft.send(steps),
    ownTable: (own: string) => {
      nft.run(`add table inet ${own}`);
      return false;
    },
    tableOwner: () => undefined,
  };
  const table = new Table({ name, nft: unowned, log: silentLogger });
  table.rebuild();
  table.change({ add: [element(1), element(2)] });
  const restored = { count: 0, next: Promise.withResolvers<void>() };
  using _watch = watchTable(name, () => {
    table.rebuild();
    restored.count++;
    restored.next.resolve();
  });
  const list = async () => (await run('nft', ['list', 'table', 'inet', name])).stdout;
  const whole = await list();
  assert.match(whole, /tcp \. 2 : 10\.255\.255\.2 \. 1/);
  for (const command of [
    `delete table inet ${name}`,
    `flush chain inet ${name} publish`,
    `flush map inet ${name} any4`,
    `delete element inet ${name} any4 { tcp . 1 }`,
  ]) {
    restored.next = Promise.withResolvers();
    await run('nft', [command]);
    await restored.next.promise;
    assert.equal(await list(), whole, command);
  }
  // Its own changes are not taken for a stranger's.
  const before = restored.count;
  table.change({ remove: [element(2)] });
  await run('nft', ['list', 'tables']);
  assert.equal(restored.count, before);
  // A change that meets a table that has just gone puts everything back at once.
  await run('nft', [`delete table inet ${name}`]);
  table.change({ add: [element(3)] });
  assert.match(await list(), /tcp \. 1 : .*tcp \. 3 : |tcp \. 3 : .*tcp \. 1 : /s);
  table.delete();
  await assert.rejects(list());
});

test('a change is a few elements, a refused one leaves no trace, and what is moved is never missing', async () => {
  const name = `berth-test2-${process.pid}`;
  using nft = new Nftables();
  const scripts: string[] = [];
  const transactions: (readonly Step[])[] = [];
  const recording = {
    run: (script: string) => {
      scripts.push(script);
      nft.run(script);
    },
    send: (steps: readonly Step[]) => {
      transactions.push(steps);
      nft.send(steps);
    },
    ownTable: (own: string) => nft.ownTable(own),
    tableOwner: () => undefined,
  };
  const table = new Table({ name, nft: recording, log: silentLogger });
  const bridge = { name: 'br-test', subnets: ['10.255.255.0/24'], internal: false, masquerade: true };
  table.set({ leaving4: [24], leaving6: [64] }, { add: elementsOfBridge(bridge) });
  table.rebuild();
  const other = { ...bridge, name: 'br-test2', subnets: ['10.255.254.0/24', 'fd00:1::/64'], icc: false };
  scripts.length = 0;
  transactions.length = 0;
  table.change({ add: elementsOfBridge(other) });
  assert.deepEqual([scripts.length, transactions.length], [0, 1]);
  const list = async () => (await run('nft', ['list', 'table', 'inet', name])).stdout;
  assert.match(
    await list(),
    /set within \{\s*type ifname \. ifname\s*elements = \{ "br-test" \. "br-test" \}/,
  );
  const open = { ...other, icc: true };
  table.change({ remove: elementsOfBridge(other), add: elementsOfBridge(open) });
  assert.match(await list(), /"br-test2" \. "br-test2"/);
  table.change({ add: [element(1), element(2)] });
  const whole = await list();
  assert.throws(() => table.change({ add: [element(3), { set: 'any4', key: 'tcp . no-port', value: 'x' }] }));
  assert.equal(await list(), whole);
  table.rebuild();
  assert.equal(await list(), whole);
  transactions.length = 0;
  const to = { ...element(1), value: '10.255.255.3 . 1' };
  table.change({ remove: [element(1)], add: [to] });
  assert.equal(transactions.length, 1);
  assert.match(await list(), /tcp \. 1 : 10\.255\.255\.3/);
  table.change({ remove: elementsOfBridge(open) });
  assert.doesNotMatch(await list(), /br-test2|10\.255\.254|fd00:1/);
  table.delete();
});

test('who is admitted and what is marked decide on a few rules, and those who leave take theirs along', async () => {
  const name = `berth-test3-${process.pid}`;
  using nft = new Nftables();
  const table = new Table({ name, nft, log: silentLogger });
  table.rebuild();
  const list = async () => (await run('nft', ['list', 'table', 'inet', name])).stdout;
  const plain = await list();
  assert.doesNotMatch(plain, /goto outside|unmark|allowed/);
  const admission = {
    four: [
      { sources: [], allowed: ['"eth0" . 0.0.0.0/0 . tcp . 80-443'] },
      { sources: ['192.0.2.1', '198.51.100.0-198.51.100.9'], allowed: [] },
    ],
    six: [{ sources: [], allowed: ['"eth0" . ::/0 . udp . 53'] }],
  };
  table.set({ admitted: 2, marks: true }, { add: elementsOfAdmission(admission) });
  const gated = await list();
  assert.match(gated, /iifname != @bridges goto outside/);
  assert.match(gated, /192\.0\.2\.1 : goto from4_1/);
  assert.match(gated, /198\.51\.100\.0-198\.51\.100\.9 : goto from4_1/);
  assert.match(gated, /chain unmark \{\s*type filter hook forward/);
  assert.throws(() => table.set({ admitted: 3 }, { add: [{ set: 'allowed4_2', key: 'nonsense' }] }));
  assert.equal(await list(), gated);
  table.set({ admitted: 0, marks: false }, { remove: elementsOfAdmission(admission) });
  assert.doesNotMatch(await list(), /goto outside|unmark|192\.0\.2\.1/);
  table.delete();
});
