import assert from 'node:assert/strict';
import { test } from 'node:test';
import { versionFor } from './version-prefix.ts';

test('docker-compose 1.x is answered in a version that it knows, others in the one they ask for', () => {
  const compose = 'docker-compose/1.29.2 docker-py/7.1.0 Linux/6.1.0';
  assert.equal(versionFor('1.56', compose), '1.44');
  assert.equal(versionFor('1.41', compose), '1.41');
  assert.equal(versionFor('1.56', 'docker-compose/2.30.0'), '1.56');
  assert.equal(versionFor('1.56', 'docker-py/7.1.0'), '1.56');
  assert.equal(versionFor('1.56', undefined), '1.56');
});
