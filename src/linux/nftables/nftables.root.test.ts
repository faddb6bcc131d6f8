import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { before, test } from 'node:test';
import { SystemError } from '../errno.ts';
import { CLONE_NEWNET } from '../ffi/constants.ts';
import { unshare } from '../ffi/namespaces.ts';
import { encodeChange, Nftables, parseSetType, type SetElement, watchTable } from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
// Everything happens in a network namespace of this test process: nothing of the host changes.
before(() => {
  if (!skip) unshare(CLONE_NEWNET);
});

const nft = (...args: string[]) => spawnSync('nft', args, { encoding: 'utf8' });
const tables = () => String(execFileSync('nft', ['list', 'tables']));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("scripts are transactions; failures have the errno and nft's words", { skip }, () => {
  using nftables = new Nftables();
  nftables.run('table inet one { map m { type inet_service : ipv4_addr; elements = { 80 : 10.0.0.1 }; }; }');
  assert.throws(
    () =>
      nftables.run('add element inet one m { 81 : 10.0.0.2 }\nadd element inet one nosuch { 1 : 10.0.0.3 }'),
    (error) =>
      error instanceof SystemError && error.code === 'ENOENT' && error.message.includes('add element'),
  );
  assert.throws(() => nftables.run('create table inet one'), { code: 'EEXIST' });
  assert.throws(() => nftables.run('nonsense'), { code: 'EINVAL', message: /syntax error/ });
  assert.throws(() => nftables.run('delete table inet one\0'), { kind: 'invalid' });
  const listing = nftables.query('list map inet one m') as { map?: { elem: unknown } }[];
  assert.deepEqual(listing.find((entry) => entry.map)?.map?.elem, [[80, '10.0.0.1']]);
  assert.throws(() => nftables.query('list table inet nosuch'), { code: 'ENOENT' });
  nftables.run('delete table inet one');
});

const TYPES: Readonly<Record<string, string>> = {
  names: 'type ifname;',
  blocks: 'type ipv4_addr;',
  pairs: 'type ifname . ifname;',
  linked: 'type ifname . ipv4_addr . ipv4_addr . inet_proto . inet_service;',
  nearby: 'type ipv6_addr . ipv6_addr; flags interval;',
  allowed: 'type ifname . ipv4_addr . inet_proto . inet_service; flags interval;',
  any: 'type inet_proto . inet_service : ipv4_addr . inet_service;',
  at: 'type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service;',
};
const ELEMENTS: readonly SetElement[] = [
  { set: 'names', key: '"eth0"' },
  { set: 'names', key: '"fifteen-letters"' },
  { set: 'blocks', key: '10.1.2.0' },
  { set: 'pairs', key: '"a" . "b"' },
  { set: 'linked', key: '"br0" . 10.0.0.1 . 10.0.0.2 . udp . 53' },
  { set: 'nearby', key: 'fd00::2 . fd00:1::/64' },
  { set: 'nearby', key: 'fd00::2 . ::/0' },
  { set: 'allowed', key: '"eth0" . 0.0.0.0/0 . tcp . 80-443' },
  { set: 'allowed', key: '"eth0" . 192.0.2.1 . sctp . 9' },
  { set: 'allowed', key: '"eth0" . 192.0.2.4-192.0.2.9 . tcp . 65535' },
  ...Array.from({ length: 900 }, (_, at) => ({
    set: 'any',
    key: `tcp . ${at + 1}`,
    value: `172.17.0.2 . ${at + 1000}`,
  })),
  { set: 'at', key: '2001:db8::1 . udp . 53', value: 'fd00::2 . 5353' },
];

test('elements that are encoded here are what nft makes of their text', { skip }, () => {
  using nftables = new Nftables();
  const sets = Object.entries(TYPES).map(
    ([name, type]) => `${type.includes(' : ') ? 'map' : 'set'} ${name} { ${type} }`,
  );
  // Which of them is told first is the kernel's choice.
  const list = (table: string) =>
    nft('list', 'table', 'inet', table)
      .stdout.replace(table, 'it')
      .replace(/elements = \{/g, '')
      .split('\n')
      .map((line) => line.replace(/,$| \}$/, '').trim())
      .toSorted()
      .join('\n');
  for (const table of ['text', 'bytes']) nftables.run(`table inet ${table} {\n${sets.join('\n')}\n}`);
  const empty = list('bytes');
  const commands = ELEMENTS.map(
    ({ set, key, value }) =>
      `add element inet text ${set} { ${key}${value === undefined ? '' : ` : ${value}`} }`,
  );
  nftables.run(commands.join('\n'));
  const change = (added: readonly SetElement[], removed: readonly SetElement[] = []) =>
    encodeChange('bytes', { added, removed }, (set) => parseSetType(TYPES[set] ?? ''));
  const send = (...parts: Parameters<typeof change>) => nftables.send(change(...parts) ?? []);
  send(ELEMENTS);
  const full = list('bytes');
  assert.equal(full, list('text'));
  assert.match(full, /tcp \. 900 : 172\.17\.0\.2 \. 1899/);
  // All or nothing: the last of them is not there.
  assert.throws(() => send([], [...ELEMENTS, { set: 'names', key: '"gone"' }]), { code: 'ENOENT' });
  assert.equal(list('bytes'), full);
  send([], ELEMENTS);
  assert.equal(list('bytes'), empty);
  // Many messages: their answers have to fit.
  const many = Array.from({ length: 10_000 }, (_, at) => ({
    set: 'linked',
    key: `"br0" . 10.0.0.1 . 10.0.0.2 . tcp . ${at}`,
  }));
  send(many);
  send([], many);
  assert.throws(() => send([], many), { code: 'ENOENT' });
  assert.equal(list('bytes'), empty);
  for (const bad of [
    { set: 'names', key: '"sixteen-letters-" ' },
    { set: 'names', key: 'eth0' },
    { set: 'blocks', key: 'fd00::1' },
    { set: 'any', key: 'tcp . 65536', value: '10.0.0.1 . 1' },
    { set: 'any', key: 'icmp . 1', value: '10.0.0.1 . 1' },
    { set: 'any', key: 'tcp . 1', value: '10.0.0.1' },
    { set: 'nearby', key: 'fd00::2 . fd00::/129' },
  ]) {
    assert.throws(() => change([bad]), { kind: 'invalid' }, bad.key);
  }
  assert.equal(change([{ set: 'unknown', key: '1' }]), undefined);
  nftables.run('delete table inet text; delete table inet bytes');
});

test('types that only nft encodes are told', () => {
  for (const type of [
    'type ipv4_addr : verdict;',
    'type ipv4_addr; flags interval;',
    'type ipv4_addr : ipv4_addr; flags interval;',
    'type ipv4_addr . inet_service; flags timeout;',
    'type ether_addr;',
    '',
  ]) {
    assert.equal(parseSetType(type), undefined, type);
  }
});

test('contexts leave no descriptor; a closed one refuses', { skip }, () => {
  const before = readdirSync('/proc/self/fd').length;
  for (let count = 0; count < 20; count++) {
    const nftables = new Nftables();
    nftables.run('add table inet x; delete table inet x');
    nftables[Symbol.dispose]();
    nftables[Symbol.dispose]();
    assert.throws(() => nftables.run('list tables'), { kind: 'invalid' });
  }
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('an owned table survives a foreign flush and our own end, and is adopted with its content', {
  skip,
}, (t) => {
  const first = new Nftables();
  if (!first.ownTable('owned')) return t.skip('needs Linux 6.9');
  first.run(
    'add map inet owned m { type inet_service : ipv4_addr; }; add element inet owned m { 80 : 10.0.0.1 }',
  );
  assert.equal(nft('flush', 'ruleset').status, 0);
  assert.match(tables(), /owned/);
  assert.match(nft('delete', 'table', 'inet', 'owned').stderr, /not permitted/);

  using second = new Nftables();
  assert.throws(() => second.ownTable('owned'), { code: 'EPERM' });
  assert.equal(second.tableOwner('owned')?.pid, process.pid);
  assert.equal(second.tableOwner('missing'), undefined);
  first[Symbol.dispose]();
  assert.match(tables(), /owned/);
  assert.equal(second.tableOwner('owned'), undefined);
  assert.equal(second.ownTable('owned'), true);
  assert.equal(second.ownTable('owned'), true);
  second.run('add element inet owned m { 81 : 10.0.0.2 }');
  assert.match(
    String(execFileSync('nft', ['list', 'table', 'inet', 'owned'])),
    /80 : 10\.0\.0\.1, 81 : 10\.0\.0\.2/,
  );
  second.run('delete table inet owned');
  assert.throws(() => second.ownTable('a b'), { kind: 'invalid' });
});

test('a plain table of the name becomes an owned one', { skip }, (t) => {
  using nftables = new Nftables();
  nftables.run('table inet plain { chain c { }; }');
  if (!nftables.ownTable('plain')) return t.skip('needs Linux 6.9');
  nftables.run('add chain inet plain d');
  assert.doesNotMatch(String(execFileSync('nft', ['list', 'table', 'inet', 'plain'])), /chain c /);
  nftables.run('delete table inet plain');
});

test('the watch tells of foreign deletions in its table only, and ends when disposed', { skip }, async () => {
  using nftables = new Nftables();
  const define =
    'table inet watched { map m { type inet_service : ipv4_addr; elements = { 80 : 10.0.0.1 } }; chain c { }; }';
  nftables.run(`${define}\ntable inet other { chain c { }; }`);
  let changes = 0;
  let restored: (() => void) | undefined;
  const watch = watchTable('watched', () => {
    changes++;
    // Restoring is a transaction with deletions of our own: it must not call again.
    nftables.run(`add table inet watched; delete table inet watched; ${define}`);
    restored?.();
  });
  const change = (...args: string[]) => {
    const done = new Promise<void>((resolve) => {
      restored = resolve;
    });
    assert.equal(nft(...args).status, 0, args.join(' '));
    return done;
  };
  await change('delete', 'element', 'inet', 'watched', 'm', '{ 80 }');
  await change('flush', 'map', 'inet', 'watched', 'm');
  await change('delete', 'table', 'inet', 'watched');
  await change('flush', 'ruleset');
  assert.match(String(execFileSync('nft', ['list', 'table', 'inet', 'watched'])), /80 : 10\.0\.0\.1/);
  nft('add', 'element', 'inet', 'watched', 'm', '{ 81 : 10.0.0.2 }');
  nft('add', 'table', 'inet', 'other');
  nft('delete', 'table', 'inet', 'other');
  await pause(50);
  assert.equal(changes, 4);
  watch[Symbol.dispose]();
  nft('delete', 'table', 'inet', 'watched');
  await pause(50);
  assert.equal(changes, 4);
});
