import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type IdMap, parseSubordinate } from '#linux/ids';
import type { AccountFiles } from './account-files.ts';
import { takePrivateIds } from './pool.ts';
import { findRemapOwner, nextRange, remapIds } from './remap.ts';

const files: AccountFiles = {
  accounts: [
    { name: 'root', uid: 0, gid: 0, home: '/root' },
    { name: 'ann', uid: 1000, gid: 100, home: '/home/ann' },
    { name: 'bob', uid: 1001, gid: 1001, home: '/home/bob' },
  ],
  groups: [
    { name: 'root', gid: 0 },
    { name: 'users', gid: 100 },
    { name: 'bob', gid: 1001 },
  ],
  subordinateUids: parseSubordinate('ann:100000:65536\n1001:300000:10\nbob:400000:5\n'),
  subordinateGids: parseSubordinate('users:500000:65536\nbob:600000:15\n'),
};

const owner = (setting: string) => {
  const { user, group } = findRemapOwner(setting, files);
  return `${user.name}:${group.name}`;
};
const refused = (setting: string, reason: RegExp) =>
  assert.throws(() => findRemapOwner(setting, files), { kind: 'invalid', message: reason });

test('a user, or a user and a group, by name or number', () => {
  assert.deepEqual(['bob', '1001', 'ann:users', '1000:100', 'ann:bob', 'root'].map(owner), [
    'bob:bob',
    'bob:bob',
    'ann:users',
    'ann:users',
    'ann:bob',
    'root:root',
  ]);
  refused('carl', /no user "carl" in \/etc\/passwd/);
  refused('7', /no user "7"/);
  refused('ann', /no group "ann" in \/etc\/group/);
  refused('1000', /no group "1000"/);
  refused('bob:nobody', /no group "nobody"/);
  for (const setting of ['', ':', 'bob:', ':bob', 'bob:bob:bob']) refused(setting, /invalid user\/group/);
});

test('ranges are those of the user, by name and by number, and of the group', () => {
  assert.deepEqual(remapIds(findRemapOwner('bob', files), files), {
    uids: [
      { containerID: 0, hostID: 300_000, size: 10 },
      { containerID: 10, hostID: 400_000, size: 5 },
    ],
    gids: [{ containerID: 0, hostID: 600_000, size: 15 }],
  });
  assert.equal(remapIds(findRemapOwner('ann:users', files), files).gids[0]?.hostID, 500_000);
  // The group has none of its own: the user's.
  assert.equal(remapIds(findRemapOwner('bob:root', files), files).gids[0]?.hostID, 600_000);
  assert.throws(() => remapIds(findRemapOwner('root', files), files), {
    kind: 'invalid',
    message: /no subuid ranges found for "root" in \/etc\/subuid/,
  });
  assert.throws(
    () => remapIds(findRemapOwner('ann:root', files), files),
    /no subgid ranges found for "root"/,
  );
});

test('a new owner gets the first ids that are free', () => {
  assert.deepEqual(nextRange([]), { first: 100_000, count: 65_536 });
  assert.deepEqual(nextRange(files.subordinateUids), { first: 165_536, count: 65_536 });
  assert.deepEqual(nextRange(parseSubordinate('b:170000:9\na:100000:5\n')), {
    first: 100_005,
    count: 65_536,
  });
  assert.deepEqual(nextRange(parseSubordinate('b:160000:9\na:100000:5\n')), {
    first: 160_009,
    count: 65_536,
  });
  assert.deepEqual(nextRange(parseSubordinate('a:5:10')), { first: 100_000, count: 65_536 });
  assert.throws(() => nextRange(parseSubordinate('a:100000:4294810000')), /no subordinate ids are free/);
});

test('private ids: no two containers share one, and what is given back is given out again', () => {
  const pool = (lines: string): AccountFiles => ({
    ...files,
    subordinateUids: parseSubordinate(lines),
    subordinateGids: parseSubordinate(lines),
  });
  assert.throws(() => takePrivateIds([], files), {
    kind: 'invalid',
    message: /give berth more in \/etc\/subuid/,
  });
  assert.throws(() => takePrivateIds([], pool('berth:100000:65535')), /no free ids/);
  fc.assert(
    fc.property(
      fc.array(fc.record({ gap: fc.nat(70_000), count: fc.nat(200_000) }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.option(fc.nat(10)), { maxLength: 30 }),
      (stretches, steps) => {
        let next = 100_000;
        const lines = stretches.map(({ gap, count }) => {
          const line = `berth:${next + gap}:${count}`;
          next += gap + count;
          return line;
        });
        const capacity = stretches.reduce((sum, { count }) => sum + Math.floor(count / 65_536), 0);
        const held: IdMap[] = [];
        for (const step of steps) {
          if (step !== null) held.splice(step, 1);
          else if (held.length === capacity) {
            assert.throws(() => takePrivateIds(held, pool(lines.join('\n'))), /no free ids/);
          } else held.push(takePrivateIds(held, pool(lines.join('\n'))));
          const firsts = held.flatMap(({ uids }) => uids.map(({ hostID }) => hostID)).sort((a, b) => a - b);
          firsts.forEach((first, index) => {
            assert.ok(index === 0 || first >= (firsts[index - 1] ?? 0) + 65_536);
          });
        }
      },
    ),
  );
});
