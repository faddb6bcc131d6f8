import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatQuery, imagePath, segment } from './query.ts';

it('leaves out what is not said', () => {
  assert.equal(formatQuery({ a: undefined, b: false, c: '', d: [], e: new Map() }), '');
  assert.equal(formatQuery(), '');
});

it('writes switches as 1, lists as repetition, filters as JSON', () => {
  assert.equal(formatQuery({ all: true, n: 0, names: ['a/b', 'c d'] }), '?all=1&n=0&names=a%2Fb&names=c%20d');
  const filters = formatQuery({ filters: new Map([['status', ['exited', 'dead']]]) });
  assert.deepEqual(JSON.parse(decodeURIComponent(filters.replace('?filters=', ''))), {
    status: { exited: true, dead: true },
  });
});

it('keeps a name one segment, and the slashes of an image', () => {
  assert.equal(segment('../x?y#z'), '..%2Fx%3Fy%23z');
  assert.equal(imagePath('localhost:5000/a/b:1@sha256:00'), 'localhost:5000/a/b:1@sha256:00');
  assert.equal(imagePath('a b?c'), 'a%20b%3Fc');
});
