import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shutdownLimit } from './close.ts';

test('how long a shutdown may take: as dockerd says it', () => {
  assert.equal(shutdownLimit([], 15), 15);
  assert.equal(shutdownLimit([10, 0], 15), 15);
  assert.equal(shutdownLimit([10, 10], 1), 15, 'each gets its own time, and a moment for its end');
  assert.equal(shutdownLimit([120, 10], 15), 125);
  assert.equal(shutdownLimit([10], 60), 60);
  for (const [timeouts, shutdownTimeout] of [
    [[10], -1],
    [[10, -1], 15],
  ] as const)
    assert.equal(shutdownLimit(timeouts, shutdownTimeout), Number.POSITIVE_INFINITY);
});
