import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '#lib/errors';
import { lookUpUser } from './user.ts';

const passwd =
  'root:x:0:0:root:/root:/bin/sh\n# a comment\napp:x:1000:1001::/home/app:/bin/sh\n\n1234:x:7:7::/odd:/\n';
const group = 'root:x:0:\nwheel:x:10:root,app\napp:x:1001:\naudio:x:29:app\n';
const look = (user: string, add: string[] = []) => {
  const { uid, gid, additionalGids, home } = lookUpUser(passwd, group, user, add);
  return [uid, gid, additionalGids, home];
};

test('names, numbers, and both with a group', () => {
  assert.deepEqual(look(''), [0, 0, [0, 10], '/root']);
  assert.deepEqual(look('app'), [1000, 1001, [1001, 10, 29], '/home/app']);
  assert.deepEqual(look('1000'), [1000, 1001, [1001, 10, 29], '/home/app']);
  assert.deepEqual(look('app:wheel'), [1000, 10, [10], '/home/app']);
  assert.deepEqual(look('4242'), [4242, 0, [0], '/']);
  assert.deepEqual(look('4242:4343'), [4242, 4343, [4343], '/']);
  assert.deepEqual(look('app', ['audio', '77', '10']), [1000, 1001, [1001, 10, 29, 77], '/home/app']);
  assert.deepEqual(look('1234')[0], 7, 'a name of digits is a name first');
});

test('Docker’s words for what is not there', () => {
  assert.throws(() => look('ghost'), /^.*unable to find user ghost: no matching entries in passwd file$/);
  assert.throws(() => look('app:ghosts'), /unable to find group ghosts: no matching entries in group file/);
  assert.throws(
    () => look('app', ['ghosts']),
    /unable to find group ghosts: no matching entries in group file/,
  );
  assert.throws(() => look('99999999999'), /uids and gids must be in range 0-2147483647/);
  assert.throws(() => look('-1'), /uids and gids must be in range/);
});

test('files that an image’s maker wrote with ill will do no more than be refused', () => {
  const line = fc.array(fc.oneof(fc.string(), fc.constantFrom('', 'root', '0', '-1', '1e9', '99999999999')), {
    maxLength: 8,
  });
  const file = fc.array(line.map((fields) => fields.join(':'))).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(file, file, fc.string(), (passwdText, groupText, user) => {
      try {
        const { uid, gid, additionalGids } = lookUpUser(passwdText, groupText, user, []);
        for (const id of [uid, gid, ...additionalGids])
          assert.ok(Number.isInteger(id) && id >= 0 && id < 2 ** 31);
      } catch (error) {
        assert.ok(error instanceof BerthError && error.kind === 'invalid', String(error));
      }
    }),
  );
});
