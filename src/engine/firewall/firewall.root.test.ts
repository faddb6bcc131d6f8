import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { silentLogger } from '#lib/log';
import { Nftables, watchTable } from '#linux/nftables';
import { Firewall } from './firewall.ts';

const NO_ROUTES = { send: () => {} };

const run = promisify(execFile);
const FORWARD = {
  protocol: 'tcp',
  hostIp: '0.0.0.0',
  hostPort: 1,
  address: '10.255.255.2',
  port: 1,
} as const;

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
  firewall.add([FORWARD, { ...FORWARD, hostPort: 2 }]);
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
  firewall.remove([{ ...FORWARD, hostPort: 2 }]);
  await run('nft', ['list', 'tables']);
  assert.equal(restored.count, before);
  // A change that meets a table that has just gone puts everything back at once.
  await run('nft', [`delete table inet ${table}`]);
  firewall.add([{ ...FORWARD, hostPort: 3 }]);
  assert.match(await list(), /tcp \. 1 : .*tcp \. 3 : |tcp \. 3 : .*tcp \. 1 : /s);
  firewall.close({ teardown: true });
  await assert.rejects(list());
});
