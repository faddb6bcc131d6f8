import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const TEXT = { encoding: 'utf8' } as const;

/** What nft shows of the rules, in a network namespace of their own. */
function rulesOf(...ports: readonly number[]): string {
  const redirect = `{ table: 'there', address: '127.0.0.11', port: 53, limit: { rate: 7, burst: 3 } }`;
  const script = `const { PortRedirect } = await import(${JSON.stringify(import.meta.resolve('./index.ts'))});
const redirect = new PortRedirect(${redirect});
for (const port of ${JSON.stringify(ports)}) redirect.install(port);`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e'];
  const shell = 'ip link set lo up; "$@" && nft list table ip there';
  return execFileSync('unshare', ['-n', 'sh', '-c', shell, 'sh', ...node, script], TEXT);
}

test('whatever the port, it stands where it is meant to, and nowhere else', () => {
  for (const port of [1, 53, 256, 0x3535, 0xffff]) {
    const rules = rulesOf(port);
    assert.equal(rules.match(new RegExp(`dport set ${port}\\b`, 'g'))?.length, 2, rules);
    assert.equal(rules.match(/sport set (53|domain)\b/g)?.length, 2, rules);
    assert.equal(rules.match(/127\.0\.0\.11/g)?.length, 5, rules);
    assert.match(rules, /limit rate over 7\/second burst 3 packets/);
  }
});

test('installed again, it leads to the new port only', () => {
  const rules = rulesOf(4000, 5000);
  assert.match(rules, /dport set 5000/);
  assert.doesNotMatch(rules, /4000/);
});
