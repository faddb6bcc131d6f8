import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { baseName, endsLikeDirectory, parsePlace, targetOf } from './place.ts';

it('parsePlace', () => {
  assert.deepEqual(parsePlace('-'), { kind: 'stream' });
  assert.deepEqual(parsePlace('web:/a:b'), { kind: 'container', container: 'web', path: '/a:b' });
  assert.deepEqual(parsePlace('web:'), { kind: 'container', container: 'web', path: '' });
  for (const local of ['a', '/a:b', './a:b', '../a:b', '.hidden:x'])
    assert.equal(parsePlace(local).kind, 'local', local);
});

it('names', () => {
  assert.deepEqual(['/a/b', '/a/b/', '/a/b/.', 'b', '/', '.', '/.'].map(baseName), [
    'b',
    'b',
    'b',
    'b',
    '',
    '',
    '',
  ]);
  assert.deepEqual(['a', 'a/', 'a/.', '.', 'a.', '/'].map(endsLikeDirectory), [
    false,
    true,
    true,
    true,
    false,
    true,
  ]);
});

describe('targetOf', () => {
  const file = { path: '/src/f', isDirectory: false };
  const tree = { path: '/src/d', isDirectory: true };
  const directory = { path: '/to', exists: true, isDirectory: true };
  const existing = { path: '/to/x', exists: true, isDirectory: false };
  const missing = { path: '/to/x', exists: false, isDirectory: false };

  it('goes into a directory under its own name, or as its contents', () => {
    assert.deepEqual(targetOf(file, directory), { directory: '/to', name: 'f' });
    assert.deepEqual(targetOf(tree, directory), { directory: '/to', name: 'd' });
    assert.deepEqual(targetOf({ ...tree, path: '/src/d/' }, directory), { directory: '/to', name: 'd' });
    assert.deepEqual(targetOf({ ...tree, path: '/src/d/.' }, directory), { directory: '/to', name: '' });
    assert.deepEqual(targetOf({ ...tree, path: '/' }, directory), { directory: '/to', name: '' });
  });

  it('takes the name of what is not a directory or not there yet', () => {
    assert.deepEqual(targetOf(file, existing), { directory: '/to', name: 'x' });
    assert.deepEqual(targetOf(file, missing), { directory: '/to', name: 'x' });
    assert.deepEqual(targetOf(tree, missing), { directory: '/to', name: 'x' });
    assert.deepEqual(targetOf(tree, { ...missing, path: '/to/x/' }), { directory: '/to', name: 'x' });
    assert.deepEqual(targetOf(file, { ...missing, path: 'x' }), { directory: '.', name: 'x' });
    assert.deepEqual(targetOf(file, { ...missing, path: '/x' }), { directory: '/', name: 'x' });
  });

  it('refuses what cannot be', () => {
    assert.throws(() => targetOf(tree, existing), /cannot copy directory/);
    assert.throws(() => targetOf(file, { ...missing, path: '/to/x/' }), /no such directory: \/to\/x\//);
    assert.throws(() => targetOf(file, { ...existing, path: '/to/x/' }), /not a directory/);
  });
});
