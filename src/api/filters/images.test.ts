import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesReference } from './images.ts';

for (const [name, pattern, expected] of [
  ['busybox:latest', 'busybox', true],
  ['busybox:latest', 'busybox:latest', true],
  ['busybox:latest', 'busy*', true],
  ['busybox:latest', '*:latest', true],
  ['busybox:latest', 'box', false],
  ['team/app:1', 'team/*', true],
  ['team/app:1', '*', false],
  ['localhost:5000/app:1', 'localhost:5000/app', true],
  ['localhost:5000/app:1', '*/app', true],
  ['app@sha256:00', 'app', true],
] as const) {
  test(`${name} ${expected ? 'matches' : 'does not match'} ${pattern}`, () => {
    assert.equal(matchesReference(name, pattern), expected);
  });
}
