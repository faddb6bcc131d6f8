import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { checkLocalOptions, deviceMountOf } from './local-options.ts';

test('a device needs a type and the other way round', () => {
  checkLocalOptions('v', {});
  checkLocalOptions('v', { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' });
  assert.throws(() => checkLocalOptions('v', { type: 'tmpfs' }), /missing required option: "device"/);
  assert.throws(() => checkLocalOptions('v', { device: '/dev/sda1' }), /missing required option: "type"/);
  assert.throws(
    () => checkLocalOptions('v', { o: 'bind' }),
    (error) => isKind(error, 'invalid'),
  );
});

test('unknown options, quotas and control characters are refused', () => {
  assert.throws(() => checkLocalOptions('v', { color: 'red' }), /invalid option: "color"/);
  assert.throws(() => checkLocalOptions('v', { size: '1g' }), /no quota support/);
  assert.throws(
    () => checkLocalOptions('v', { type: 'nfs', device: ':/x', o: 'a\nb' }),
    (error) => isKind(error, 'invalid'),
  );
});

test('the mount that the options ask for', () => {
  assert.equal(deviceMountOf({}), undefined);
  assert.deepEqual(deviceMountOf({ type: 'none', device: '/srv', o: 'bind' }), {
    type: 'none',
    device: '/srv',
    options: 'bind',
  });
  assert.deepEqual(deviceMountOf({ type: 'tmpfs', device: 'tmpfs' }), {
    type: 'tmpfs',
    device: 'tmpfs',
    options: '',
  });
});
