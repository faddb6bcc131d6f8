import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHost } from './host.ts';

test('hosts', () => {
  assert.deepEqual(parseHost('unix:///run/x.sock', false), { kind: 'unix', path: '/run/x.sock' });
  assert.deepEqual(parseHost('tcp://', false), { kind: 'tcp', address: '127.0.0.1', port: 2375 });
  assert.deepEqual(parseHost('tcp://0.0.0.0', true), { kind: 'tcp', address: '0.0.0.0', port: 2376 });
  assert.deepEqual(parseHost('tcp://[::1]:0', false), { kind: 'tcp', address: '::1', port: 0 });
  assert.deepEqual(parseHost('fd://', false), { kind: 'fd', number: undefined });
  assert.deepEqual(parseHost('fd://4', false), { kind: 'fd', number: 4 });
  assert.deepEqual(parseHost('tcp://name:80/', false), { kind: 'tcp', address: 'name', port: 80 });
});

for (const text of [
  '',
  'x',
  'unix://x',
  'fd://x',
  'http://a',
  'tcp://a:b',
  'tcp://a:70000',
  'tcp://::1',
  `unix:///${'x'.repeat(107)}`,
]) {
  test(`refused: ${text}`, () => assert.throws(() => parseHost(text, false), { kind: 'invalid' }));
}
