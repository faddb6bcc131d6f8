import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HostServers } from './host-servers.ts';

test('the servers are those of the file as it is now, and the same array while they are the same', () => {
  const directory = mkdtempSync('/tmp/berth-resolv-');
  const path = join(directory, 'resolv.conf');
  const servers = new HostServers(path);
  assert.deepEqual(servers.current(0).slice(0, 2), ['8.8.8.8', '8.8.4.4']);
  writeFileSync(path, 'nameserver 10.0.0.1\n');
  assert.equal(servers.current(500)[0], '8.8.8.8');
  const first = servers.current(1_500);
  assert.deepEqual(first, ['10.0.0.1']);
  assert.equal(servers.current(3_000), first);
  writeFileSync(path, 'nameserver 10.0.0.22\n');
  assert.deepEqual(servers.current(4_500), ['10.0.0.22']);
  rmSync(directory, { recursive: true });
});
