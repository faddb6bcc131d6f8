import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptedEncoding, acceptedType } from './accept.ts';

const offers = ['a/one', 'a/two', 'b/three'] as const;

test('what a client likes best of what is offered', () => {
  for (const [accept, wanted] of [
    ['', undefined],
    ['text/html', undefined],
    ['b/three', 'b/three'],
    ['a/two;q=0.5, b/three;q=0.9', 'b/three'],
    ['*/*', 'a/one'],
    ['*/*;q=0.1, A/Two', 'a/two'],
    ['a/*', 'a/one'],
    ['a/one;q=0', undefined],
    ['a/one;q=nonsense', undefined],
    [';;;,,q=,*', undefined],
  ] as const)
    assert.equal(acceptedType(accept, offers), wanted, accept);
});

test('what a client likes best of encodings', () => {
  for (const [accept, wanted] of [
    ['', undefined],
    ['identity', undefined],
    ['gzip', 'gzip'],
    ['gzip, deflate', 'gzip'],
    ['deflate, gzip;q=0.5', 'deflate'],
    ['*', 'gzip'],
    ['gzip;q=0, *;q=0.5', 'gzip'],
    ['gzip;q=0', undefined],
    ['br, zstd', undefined],
  ] as const)
    assert.equal(acceptedEncoding(accept, ['gzip', 'deflate']), wanted, accept);
});
