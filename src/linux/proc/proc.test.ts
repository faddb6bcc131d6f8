import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { capabilityNames } from './capabilities.ts';
import { parseSystemCpu } from './cpu.ts';
import { parseOsRelease } from './host.ts';
import { capabilities, hardLimit, hostInfo, systemCpu } from './index.ts';

test('CPU time is the sum of seven fields in nanoseconds', () => {
  const text = 'cpu  1 2 3 4 5 6 7 800 900 0\ncpu0 1 2 3 4 5 6 7 8 9 0\ncpu12 0 0 0 0 0 0 0 0 0 0\nintr 5\n';
  assert.deepEqual(parseSystemCpu(text), { total: 280_000_000n, online: 2 });
  assert.ok(systemCpu().total > 0n && systemCpu().online >= availableParallelism());
});

test('os-release: bare, quoted and escaped values', () => {
  const values = parseOsRelease(
    `NAME=Plain\nPRETTY_NAME="Debian \\"x\\" \\$1"\nVERSION_ID='12'\n# no\nbad line\n`,
  );
  assert.deepEqual(values, { NAME: 'Plain', PRETTY_NAME: 'Debian "x" $1', VERSION_ID: '12' });
  assert.ok(hostInfo().memory > 0 && hostInfo().kernel !== '');
});

test('capability masks', () => {
  assert.deepEqual([...capabilityNames('0000000000000000')], []);
  assert.deepEqual([...capabilityNames('0000010000200001')], ['CHOWN', 'SYS_ADMIN', 'CHECKPOINT_RESTORE']);
  assert.equal(capabilityNames('ffffffffffffffff').size, 41);
  assert.ok(capabilities() instanceof Set);
});

test('limits by both spellings; unknown ones are refused', () => {
  assert.ok(hardLimit('nofile') >= 256);
  assert.equal(hardLimit('RLIMIT_NOFILE'), hardLimit('nofile'));
  assert.throws(() => hardLimit('nofiles'), { kind: 'invalid' });
});
