import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Query } from './query.ts';

test('flags as Docker reads them', () => {
  for (const text of ['1', 'true', 'True', 'yes', 'x'])
    assert.equal(new Query(`a=${text}`).flag('a'), true, text);
  for (const text of ['0', 'false', 'no', 'none', '', 'False'])
    assert.equal(new Query(`a=${text}`).flag('a', true), false, text);
  assert.equal(new Query('').flag('a', true), true);
});

test('numbers', () => {
  assert.equal(new Query('t=-1').integer('t'), -1);
  assert.equal(new Query('t=').integer('t'), undefined);
  for (const text of ['x', '1.5', '1e3', '9'.repeat(20)]) {
    assert.throws(() => new Query(`t=${text}`).integer('t'), { kind: 'invalid' }, text);
  }
});

test('only known filters pass', () => {
  const query = new Query(`filters=${encodeURIComponent('{"name":{"a":true}}')}`);
  assert.deepEqual(query.filters(['name']), new Map([['name', ['a']]]));
  assert.throws(() => query.filters(['id']), { message: "invalid filter 'name'" });
});
