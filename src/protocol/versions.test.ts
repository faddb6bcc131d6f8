import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast, compareVersions, isApiVersion, MAX_API_VERSION, negotiate } from './versions.ts';

test('versions compare as numbers', () => {
  assert.ok(compareVersions('1.9', '1.24') < 0);
  assert.ok(compareVersions('2.0', '1.99') > 0);
  assert.equal(compareVersions('1.44', '1.44'), 0);
  assert.ok(atLeast('1.52', '1.52'));
});

test('only major.minor is a version', () => {
  assert.ok(isApiVersion('1.24'));
  for (const text of ['1', '1.', '1.2.3', 'v1.24', '1.x', '']) assert.equal(isApiVersion(text), false, text);
});

test('the older side decides', () => {
  assert.equal(negotiate('1.30'), '1.30');
  assert.equal(negotiate('9.99'), MAX_API_VERSION);
  assert.equal(negotiate(''), '1.24');
});
