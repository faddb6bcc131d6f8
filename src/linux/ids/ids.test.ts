import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  idMapKey,
  parseGroup,
  parsePasswd,
  parseSubordinate,
  rangesOf,
  rangesText,
  rootOf,
  toContainerId,
  toHostId,
} from './index.ts';

const ranges = [
  { containerID: 0, hostID: 100_000, size: 1000 },
  { containerID: 1000, hostID: 500_000, size: 5 },
];

test('ids are found in each range, and nowhere else', () => {
  assert.deepEqual(
    [0, 999, 1000, 1004, 1005].map((id) => toHostId(ranges, id)),
    [100_000, 100_999, 500_000, 500_004, undefined],
  );
  assert.deepEqual(
    [99_999, 100_000, 500_004, 500_005, 0].map((id) => toContainerId(ranges, id)),
    [undefined, 0, 1004, undefined, undefined],
  );
  assert.deepEqual(rootOf({ uids: ranges, gids: [{ containerID: 0, hostID: 7, size: 1 }] }), {
    uid: 100_000,
    gid: 7,
  });
  assert.deepEqual(rootOf(undefined), { uid: 0, gid: 0 });
  assert.equal(rangesText(ranges), '0 100000 1000\n1000 500000 5\n');
  assert.notEqual(idMapKey({ uids: ranges, gids: [] }), idMapKey({ uids: [], gids: ranges }));
});

test('to the host and back is the same id, for whatever ranges subuid gives', () => {
  const subordinate = fc.array(
    fc.record({ first: fc.integer({ min: 1, max: 2 ** 31 }), count: fc.integer({ min: 1, max: 70_000 }) }),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(subordinate, fc.nat(350_000), (lines, id) => {
      const text = lines.map(({ first, count }) => `me:${first}:${count}\n`).join('');
      const given = rangesOf(parseSubordinate(text), ['me']);
      const total = lines.reduce((sum, { count }) => sum + count, 0);
      const host = toHostId(given, id);
      assert.equal(host === undefined, id >= total);
      if (host === undefined) return;
      assert.ok(lines.some(({ first, count }) => host >= first && host < first + count));
      // Ranges may overlap, then a host id has two names; each of them leads to it.
      const back = toContainerId(given, host);
      assert.equal(back === undefined ? undefined : toHostId(given, back), host);
    }),
  );
});

test('subuid: names and numbers, several ranges, broken lines left out', () => {
  const all = parseSubordinate(
    [
      '# comment',
      'me:100000:65536',
      '',
      'you:1:1',
      '1000:300000:10',
      'me:7:3',
      'me:x:3',
      'me:1:0',
      'me:4294967290:6',
      'me:1:2:3',
    ].join('\n'),
  );
  assert.deepEqual(
    all.map(({ owner }) => owner),
    ['me', 'you', '1000', 'me'],
  );
  assert.deepEqual(rangesOf(all, ['me', '1000']), [
    { containerID: 0, hostID: 100_000, size: 65_536 },
    { containerID: 65_536, hostID: 300_000, size: 10 },
    { containerID: 65_546, hostID: 7, size: 3 },
  ]);
  assert.deepEqual(rangesOf(all, ['nobody']), []);
});

test('passwd and group: broken lines left out', () => {
  const passwd =
    'root:x:0:0:root:/root:/bin/sh\n#x:x:1:1::/:\n:x:2:2::/:\nbad:x:-1:0::/:\nme:x:1000:100::/home/me\n';
  assert.deepEqual(parsePasswd(passwd), [
    { name: 'root', uid: 0, gid: 0, home: '/root' },
    { name: 'me', uid: 1000, gid: 100, home: '/home/me' },
  ]);
  assert.deepEqual(parseGroup('root:x:0:\nbroken\nnone:x:4294967295:\nwheel:x:10:me,you\n'), [
    { name: 'root', gid: 0 },
    { name: 'wheel', gid: 10 },
  ]);
});
