import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToKeep } from './keep.ts';

test('how much of the cache stays', () => {
  const keep = (limits: Parameters<typeof bytesToKeep>[0]) => bytesToKeep(limits, 100, 30);
  assert.equal(keep({}), 0);
  assert.equal(keep({ reserved: 40 }), 40);
  assert.equal(keep({ maxUsed: 60 }), 60);
  assert.equal(keep({ maxUsed: 60, reserved: 40 }), 60);
  assert.equal(keep({ maxUsed: 60, reserved: 80 }), 80);
  assert.equal(keep({ minFree: 30 }), 100, 'so much is free');
  assert.equal(keep({ minFree: 50 }), 80, 'twenty are missing');
  assert.equal(keep({ minFree: 50, maxUsed: 70 }), 70);
  assert.equal(keep({ minFree: 500, maxUsed: 70, reserved: 10 }), 10);
  assert.equal(keep({ minFree: 500 }), 0, 'never less than nothing');
});
