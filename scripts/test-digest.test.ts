import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { digest, digestAll } from './test-digest.ts';

const failure = (error: unknown, test = 'works', stderr = '') => ({
  file: join(process.cwd(), 'src/x.test.ts'),
  test,
  error,
  stderr,
});

it('tells what failed, why, and where in the project', () => {
  const lines = digest(failure(new TypeError('no such thing')), 12);
  assert.deepEqual(lines.slice(0, 2), ['✖ src/x.test.ts › works', '    TypeError: no such thing']);
  assert.match(lines.at(-1) ?? '', /^ {4}at .*scripts\/test-digest\.test\.ts:\d+:\d+\)?$/);
});

it('has room for the last of a chain of causes', () => {
  const deep = new Error(
    ['left over:', ...Array.from({ length: 30 }, (_, index) => `  thing ${index}`)].join('\n'),
  );
  const error = new Error(`round 3\n${'log\n'.repeat(15)}`, { cause: new Error('load', { cause: deep }) });
  const lines = digest(failure(error), 12);
  assert.equal(lines.length, 12);
  assert.match(
    lines.join('\n'),
    /round 3[^]*caused by: Error: load[^]*caused by: Error: left over:\n\s+thing 0\n/,
  );
});

it('tells of a comparison what differs', () => {
  const [actual, expected] = [1, 2].map((last) => [...Array.from({ length: 40 }, (_, index) => index), last]);
  try {
    assert.deepEqual(actual, expected);
  } catch (error) {
    const lines = digest(failure(error), 12).map((line) => line.trim());
    assert.ok(lines.includes('+   1') && lines.includes('-   2'), lines.join('\n'));
  }
});

it('tells what a process said that ended without an error', () => {
  const lines = digest(failure('test failed', '', 'SyntaxError: what is this\n'), 12);
  assert.deepEqual(lines, ['✖ src/x.test.ts', '    test failed', '    SyntaxError: what is this']);
});

it('ends in time', () => {
  const lines = digestAll(
    Array.from({ length: 9 }, () => failure(new Error('a\nb\nc'))),
    4,
    10,
  );
  assert.equal(lines.length, 9);
  assert.equal(lines.at(-1), '... and 7 more');
});
