import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exit } from '../../errors.ts';
import { ownerOf } from './owner.ts';

const files = {
  passwd: 'root:x:0:0::/:/bin/sh\napp:x:70:71::/:\nbroken\n',
  group: 'root:x:0:\nstaff:x:50:app\n',
};
const owner = (text: string) => Object.values(ownerOf(text, files));

test('users and groups by name and by number', () => {
  assert.deepEqual(owner('app'), [70, 71]);
  assert.deepEqual(owner('app:staff'), [70, 50]);
  assert.deepEqual(owner('app:9'), [70, 9]);
  assert.deepEqual(owner('5'), [5, 5]);
  assert.deepEqual(owner('5:staff'), [5, 50]);
  assert.deepEqual(owner('0:0'), [0, 0]);
});

test('what the container does not know is refused', () => {
  for (const bad of ['nosuch', 'app:nosuch', 'broken', ':5', 'app:', 'a:b:c'])
    assert.throws(() => owner(bad), Exit, bad);
});
