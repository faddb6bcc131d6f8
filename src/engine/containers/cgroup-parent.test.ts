import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cgroupsPath, checkCgroupParent } from './cgroup-parent.ts';

test('with systemd a parent is a slice', () => {
  for (const slice of ['system.slice', 'a-b-c.slice', '-.slice', 'x_1:y.slice', ''])
    checkCgroupParent(slice, true);
  for (const other of [
    '.slice',
    'a',
    '/a',
    '/a.slice',
    'a/b.slice',
    'a--b.slice',
    '-a.slice',
    'a-.slice',
    'a.scope',
    'a b.slice',
  ]) {
    assert.throws(() => checkCgroupParent(other, true), /valid slice named as "xxx\.slice"/, other);
    checkCgroupParent(other, false);
  }
});

test('a cgroup is named after its container', () => {
  assert.equal(cgroupsPath('1f', 'system.slice', true), 'system.slice:berth:1f');
  assert.equal(cgroupsPath('1f', '/berth', false), '/berth/1f');
  assert.equal(cgroupsPath('1f', '../../escape', false), '/escape/1f');
});
