import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TarNode, TarTree } from '../files/tar-tree.ts';
import { changesAt } from './squash.ts';

const node = { mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0n, link: '', major: 0, minor: 0 };
const other = { xattrs: new Map<string, Uint8Array>(), digest: '', offset: 0 };

/** Directories end with a slash. */
const tree = (...paths: readonly string[]) =>
  new TarTree(
    '',
    new Map<string, TarNode>(
      ['/', ...paths].map((path) => [
        path.replace(/\/$/, ''),
        { ...node, ...other, type: path.endsWith('/') ? 'directory' : 'file' },
      ]),
    ),
  );

test('a directory that was removed and made again hides what is not named again', () => {
  const changes = changesAt(
    {
      paths: new Set(['d', 'd/new', 'gone', 'gone/below', 'never']),
      covered: new Set(['d', 'gone', 'never']),
    },
    tree('d/', 'd/old/', 'd/old/deep', 'd/kept', 'gone/', 'gone/below', 'other'),
    tree('d/', 'd/new', 'd/kept', 'other'),
  );
  assert.deepEqual(
    [...changes],
    [
      { path: 'd', kind: 'modified' },
      { path: 'd/new', kind: 'added' },
      { path: 'gone', kind: 'deleted' },
      { path: 'd/old', kind: 'deleted' },
    ],
  );
});

test('a directory that became a file says nothing of what was in it', () => {
  const changes = changesAt(
    { paths: new Set(['x', 'x/in']), covered: new Set(['x', 'x/in']) },
    tree('x/', 'x/in'),
    tree('x'),
  );
  assert.deepEqual([...changes], [{ path: 'x', kind: 'modified' }]);
});
