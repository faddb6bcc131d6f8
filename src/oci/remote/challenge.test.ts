import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from './challenge.ts';

const parse = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test('challenges are read', () => {
  assert.deepEqual(parse('Bearer realm="https://a.test/token",service="b",scope="repository:x:pull,push"'), [
    ['bearer', { realm: 'https://a.test/token', service: 'b', scope: 'repository:x:pull,push' }],
  ]);
  assert.deepEqual(parse('Basic realm="a \\"b\\"", Bearer Realm=c , x = "d"'), [
    ['basic', { realm: 'a "b"' }],
    ['bearer', { realm: 'c', x: 'd' }],
  ]);
  assert.deepEqual(parse('Negotiate, Basic'), [
    ['negotiate', {}],
    ['basic', {}],
  ]);
  assert.deepEqual(parse(''), []);
});

test('any header is read in the end', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[ "=,\\a-cB]*$/)), (header) =>
      assert.ok(parseChallenges(header).length <= header.length),
    ),
  );
  parseChallenges(`Bearer a="${'\\'.repeat(100_000)}`);
  parseChallenges('a='.repeat(100_000));
});
