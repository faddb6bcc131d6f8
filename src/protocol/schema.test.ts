import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { containerCreateRequest } from './containers.ts';
import { array, boolean, integer, map, object, SchemaError, string, strings } from './schema.ts';

const person = object({ Name: string, Age: integer, Tags: array(string), Nested: object({ On: boolean }) });

test('null, unknown fields and the case of keys do not matter', () => {
  assert.deepEqual(person.decode({ name: 'x', AGE: 3, Tags: null, other: [1], nested: { on: true } }, ''), {
    Name: 'x',
    Age: 3,
    Nested: { On: true },
  });
});

test('null in lists and maps is the zero value', () => {
  assert.deepEqual(array(string).decode(['a', null], ''), ['a', '']);
  assert.deepEqual(map(array(string)).decode({ a: null, b: ['c'] }, ''), { a: [], b: ['c'] });
});

test('a command may be one string', () => {
  assert.deepEqual(strings.decode('true', ''), ['true']);
  assert.deepEqual(strings.decode(['a', 'b'], ''), ['a', 'b']);
});

for (const [value, message] of [
  [{ Age: '3' }, 'Age must be a whole number, not a string'],
  [{ Age: 1.5 }, 'Age must be a whole number, not the number 1.5'],
  [{ Tags: ['a', 1] }, 'Tags[1] must be a string, not the number 1'],
  [{ Nested: { on: {} } }, 'Nested.On must be a boolean, not an object'],
  [{ Nested: [] }, 'Nested must be an object, not an array'],
  ['text', 'the document must be an object, not a string'],
] as const) {
  test(message, () => {
    assert.throws(() => person.decode(value, ''), { name: 'SchemaError', message });
  });
}

test('any JSON at all either decodes or is refused by name', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        containerCreateRequest.decode(value, '');
      } catch (error) {
        assert.ok(error instanceof SchemaError);
      }
    }),
  );
});

test('a key called __proto__ stays a key', () => {
  const decoded = map(string).decode(JSON.parse('{"__proto__":"x"}'), '');
  assert.deepEqual(Object.keys(decoded), ['__proto__']);
  assert.equal(Object.getPrototypeOf(decoded), Object.prototype);
});
