import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { parseToml, type TomlTable, type TomlValue } from '../toml.ts';

/** Maps as lists of pairs: their order counts. */
const plain = (value: TomlValue | TomlTable): unknown => {
  if (value instanceof Map) return [...value].map(([key, own]) => [key, plain(own)]);
  return Array.isArray(value) ? value.map(plain) : value;
};

test('tables, keys and values are read in their order', () => {
  const text = `\uFEFF# a comment
server = "https://a.test" # behind it
 ca = [ 'C:\\x', # one
   "b",
 ]
count=1_000
hex = 0x1f
less = -2
half = 0.5
[host."https://m.test:5000/x"]
  skip_verify = true\r
  client = [["a", ""], ['b', "c"]]
[host."https://m.test:5000/x".header]
  "x-1" = {a = "\\u0041\\t\\"", b.c = false}
[host.__proto__]
`;
  assert.deepEqual(plain(parseToml(text)), [
    ['server', 'https://a.test'],
    ['ca', ['C:\\x', 'b']],
    ['count', 1000],
    ['hex', 31],
    ['less', -2],
    ['half', 0.5],
    [
      'host',
      [
        [
          'https://m.test:5000/x',
          [
            ['skip_verify', true],
            [
              'client',
              [
                ['a', ''],
                ['b', 'c'],
              ],
            ],
            [
              'header',
              [
                [
                  'x-1',
                  [
                    ['a', 'A\t"'],
                    ['b', [['c', false]]],
                  ],
                ],
              ],
            ],
          ],
        ],
        ['__proto__', []],
      ],
    ],
  ]);
  assert.deepEqual(plain(parseToml('')), []);
});

test('what is no TOML is refused with its line', () => {
  const cases: [string, RegExp][] = [
    ['a', /line 1: "=" is missing/],
    ['\n\na = ', /line 3: "" is no value/],
    ['a = 1 2', /more than one value/],
    ['a = 1\na = 2', /line 2: the key a is there twice/],
    ['[a]\n[a]', /table a is defined twice/],
    ['a = 1\n[a]', /a is no table/],
    ['a = "x', /a string does not end/],
    ['a = "\\q"', /\\q is no escape/],
    ['a = """x"""', /several lines/],
    ['[[a]]', /arrays of tables/],
    ['a = [1', /"," is missing/],
    ['a = 1979-05-27', /is no value/],
    [`a = ${'['.repeat(100)}`, /nested too deeply/],
  ];
  for (const [text, message] of cases)
    assert.throws(
      () => parseToml(text),
      (error) => isKind(error, 'invalid') && message.test(error.message),
      text,
    );
});

test('any strings are read back, and any text is read or refused', () => {
  const key = fc.string({ unit: 'grapheme', minLength: 1 });
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, fc.string()), { selector: ([name]) => name }), (pairs) => {
      const text = pairs.map(([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`);
      // JSON escapes as TOML does, but for the slash.
      assert.deepEqual([...parseToml(text.join('\n'))], pairs);
    }),
  );
  const piece = fc.constantFrom('[', ']', '"', "'", '=', '.', '#', '\n', ' ', 'a', '1', '{', '}', ',', '\\');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      try {
        parseToml(pieces.join(''));
      } catch (error) {
        assert.ok(isKind(error, 'invalid'), String(error));
      }
    }),
    { numRuns: 500 },
  );
});
