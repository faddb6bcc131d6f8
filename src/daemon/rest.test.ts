import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Rest } from './rest.ts';

it('comes once after work, and not after next to nothing', () => {
  const rest = new Rest(1000);
  const asked = (used: number) => rest.comes(used);
  assert.equal(asked(1001), false, 'nothing was done');
  assert.equal(asked(1900), false, 'at work');
  assert.equal(asked(2500), false, 'at work');
  assert.equal(asked(2510), true, 'at rest');
  assert.equal(asked(2511), false, 'still at rest');
  assert.equal(asked(2600), false, 'a little work');
  assert.equal(asked(2601), false, 'too little to tidy after');
});

it('comes after much work in small pieces too, as health checks are', () => {
  const rest = new Rest(0);
  const came = Array.from({ length: 50 }, (_, index) => rest.comes(40 * (index + 1)));
  assert.equal(came.filter(Boolean).length, 7, 'once in 280 ms of processor time');
});
