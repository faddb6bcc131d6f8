import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '#lib/errors';
import { Lookups } from './environment.ts';
import { expandWord, expandWords } from './expand.ts';
import { splitWords } from './split.ts';

const environment = new Map([
  ['a', 'one'],
  ['empty', ''],
  ['path', '/usr/local/lib.tar.gz'],
  ['two', 'x  y'],
]);
const word = (text: string, escape = '\\') => expandWord(text, environment, { escape });

describe('expandWord', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['plain', 'plain'],
    ['$a', 'one'],
    ['${a}b', 'oneb'],
    ['$ab', ''],
    ['$none', ''],
    ['\\$a', '$a'],
    ["'$a'", '$a'],
    ['"$a b"', 'one b'],
    ['"\\$a \\x \\""', '$a \\x "'],
    ['\\a\\\\', 'a\\'],
    ['$', '$'],
    ['$ a', '$ a'],
    ['a$', 'a$'],
    ['${a:-w}${none:-w}${empty:-w}', 'oneww'],
    ['${a-w}${none-w}[${empty-w}]', 'onew[]'],
    ['${a:+w}[${none:+w}${empty:+w}]', 'w[]'],
    ['${a+w}[${none+w}]${empty+w}', 'w[]w'],
    ['${none:-${a}x}', 'onex'],
    ['${none:-"a b"}', 'a b'],
    ['${path#*/}', 'usr/local/lib.tar.gz'],
    ['${path##*/}', 'lib.tar.gz'],
    ['${path%.*}', '/usr/local/lib.tar'],
    ['${path%%.*}', '/usr/local/lib'],
    ['${path/l/L}', '/usr/Local/lib.tar.gz'],
    ['${path//l/L}', '/usr/LocaL/Lib.tar.gz'],
    ['${path//l}', '/usr/oca/ib.tar.gz'],
    ['${path/?sr/x}', '/x/local/lib.tar.gz'],
    ['${a:?}', 'one'],
    ['$1$@', ''],
  ];
  for (const [text, expected] of cases) it(text, () => assert.equal(word(text), expected));

  it('refuses what no shell understands', () => {
    assert.throws(() => word('${none:?say it}'), /none: say it/);
    assert.throws(() => word('${empty:?}'), /empty: is not allowed to be empty/);
    assert.equal(word('${empty?}'), '');
    assert.throws(() => word('${}'), /bad substitution/);
    assert.throws(() => word('${a'), /unsupported modifier|missing/);
    assert.throws(() => word('${a!b}'), /unsupported modifier/);
    assert.throws(() => word('"a'), /double-quote/);
    assert.throws(() => word("'a"), /single-quote/);
  });

  it('takes another escape character', () => assert.equal(word('`$a \\x', '`'), '$a \\x'));

  it('leaves quotes in documents', () => {
    const document = expandWord('"$a" \'$a\' \\$a \\n', environment, { escape: '\\', keepQuotes: true });
    assert.equal(document, '"one" \'one\' $a \\n');
  });

  it('notes what is not defined', () => {
    const lookups = new Lookups(environment);
    expandWord('$a $b ${c:-x}', lookups, { escape: '\\' });
    assert.deepEqual(
      [[...lookups.used], [...lookups.missing]],
      [
        ['a', 'b', 'c'],
        // What has something that stands in for it needs no definition.
        ['b'],
      ],
    );
  });

  it('fails only with errors that say so', () => {
    const piece = fc.constantFrom('$', '{', '}', 'a', ':-', '#', '%', '/', '"', "'", '\\', '*', '?', ' ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
        try {
          word(pieces.join(''));
        } catch (error) {
          assert.ok(error instanceof BerthError, String(error));
        }
      }),
    );
  });
});

describe('expandWords', () => {
  const words = (text: string) => expandWords(text, environment, { escape: '\\' });
  it('parts at white space outside of quotes, in values too', () => {
    assert.deepEqual(words('80 "a b" $two z'), ['80', 'a b', 'x', 'y', 'z']);
    assert.deepEqual(words('"$two"'), ['x  y']);
    assert.deepEqual(words('  '), []);
  });
});

describe('splitWords', () => {
  it('keeps quotes and what they hold', () => {
    assert.deepEqual(splitWords('a="b c" d\\ e \'f g\'', '\\'), ['a="b c"', 'd\\ e', "'f g'"]);
  });

  it('words come back whole however they were quoted', () => {
    const quote = (text: string) => `"${text.replace(/["\\$]/g, '\\$&')}"`;
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { maxLength: 6 }), (expected) => {
        const parts = splitWords(expected.map(quote).join(' '), '\\');
        assert.deepEqual(
          parts.map((part) => word(part)),
          expected,
        );
      }),
    );
  });
});
