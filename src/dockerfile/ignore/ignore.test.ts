import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '#lib/errors';
import { IgnoreRules, readIgnoreFile } from './ignore.ts';
import { compilePattern } from './pattern.ts';

const ignores = (patterns: readonly string[], path: string) => new IgnoreRules(patterns).ignores(path);

describe('IgnoreRules', () => {
  const cases: readonly (readonly [readonly string[], string, boolean])[] = [
    [['foo'], 'foo', true],
    [['foo'], 'foo/bar', true],
    [['foo'], 'a/foo', false],
    [['/foo'], 'foo', true],
    [['foo/'], 'foo/x', true],
    [['./foo/../bar'], 'bar', true],
    [['*.md'], 'a.md', true],
    [['*.md'], 'x/a.md', false],
    [['**/*.md'], 'a.md', true],
    [['**/*.md'], 'x/y/a.md', true],
    [['a/**'], 'a/b/c', true],
    [['a/**'], 'a', false],
    [['a/**/b'], 'a/b', true],
    [['a/**/b'], 'a/x/y/b', true],
    [['**'], 'anything/at/all', true],
    [['a?c'], 'abc', true],
    [['a?c'], 'a/c', false],
    [['[a-c]x'], 'bx', true],
    [['[^a-c]x'], 'bx', false],
    [['[^a-c]x'], 'dx', true],
    [['\\*x'], '*x', true],
    [['\\*x'], 'ax', false],
    [['*', '!a'], 'a', false],
    [['*', '!a'], 'a/b', false],
    [['*', '!a', 'a/b'], 'a/b', true],
    [['!a', '*'], 'a', true],
    [['*.md', '!README.md'], 'README.md', false],
    [['.', '/'], 'a', false],
    [['a.b'], 'axb', false],
  ];
  for (const [patterns, path, expected] of cases) {
    it(`${patterns.join(' ')} on ${path}`, () => assert.equal(ignores(patterns, path), expected));
  }

  it('says where something may be back in', () => {
    const rules = new IgnoreRules(['node_modules', '!node_modules/keep/*.js']);
    assert.equal(rules.mayContainExceptions('node_modules'), true);
    assert.equal(rules.mayContainExceptions('other'), false);
    assert.equal(new IgnoreRules(['*', '!**/x']).mayContainExceptions('any'), true);
  });

  it('reads the file', () => {
    assert.deepEqual(readIgnoreFile('\uFEFF# no\n  a \r\n\n #b\n!c'), ['a', '#b', '!c']);
    assert.throws(() => ignores(['!'], 'a'), /illegal exclusion pattern/);
    assert.throws(() => ignores(['[a'], 'a'), /syntax error in pattern/);
    assert.throws(() => ignores(['a\\'], 'a'), /syntax error in pattern/);
  });

  it('never fails but with an error that says so', () => {
    const piece = fc.constantFrom('*', '**', '?', '[', ']', '-', '^', '\\', '/', 'a', 'z', '!', '.', '(');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.string(), (pieces, path) => {
        try {
          compilePattern(pieces.join('')).test(path);
        } catch (error) {
          assert.ok(error instanceof BerthError, String(error));
        }
      }),
    );
  });

  it('a pattern of nothing special matches itself alone', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z.+(){}|$]{1,8}$/),
        fc.stringMatching(/^[a-z.+(){}|$]{1,8}$/),
        (one, other) => {
          assert.equal(compilePattern(one).test(other), one === other);
        },
      ),
    );
  });
});
