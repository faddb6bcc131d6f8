import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyLayer, type Change, diffLayer, packTree, type TarEntry, TarReader } from './index.ts';
import { type MemoryNode, MemoryTree } from './testing/memory-tree.ts';
import { type Member, tar } from './testing/tar.ts';

const treeOf = (members: readonly Member[], merged = true): MemoryTree => {
  const tree = new MemoryTree(merged);
  applyLayer([tar(...members)], tree);
  return tree;
};

function entriesOf(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  const reader = new TarReader({
    entry: (entry) => entries.push(entry),
    body: () => undefined,
    end: () => undefined,
  });
  reader.push(archive);
  reader.close();
  return entries;
}

test('changes become entries, deletions whiteouts, in the order of their paths', async () => {
  const upper = treeOf([
    { path: 'etc/', mode: 0o750, uid: 3, mtime: 1_700_000_000_900_000_000n },
    {
      path: 'etc/new',
      body: 'x',
      mode: 0o4755,
      xattrs: new Map([
        ['user.a', Buffer.from('b')],
        ['trusted.overlay.origin', Buffer.from('o')],
      ]),
    },
    { path: 'etc/twin', type: 'link', link: 'etc/new' },
    { path: 'etc-x', type: 'symlink', link: 'etc' },
    { path: 'fresh/' },
    { path: 'fresh/pipe', type: 'fifo' },
  ]);
  const changes: Change[] = [
    { path: 'gone', kind: 'deleted' },
    { path: 'fresh/pipe', kind: 'added' },
    { path: 'etc-x', kind: 'modified' },
    { path: 'fresh', kind: 'added', opaque: true },
    { path: 'etc/twin', kind: 'added' },
    { path: 'etc/old', kind: 'deleted' },
    { path: 'etc/new', kind: 'added' },
    { path: 'vanished', kind: 'added' },
  ];
  const archive = await buffer(diffLayer(changes, upper.source()));
  const entries = entriesOf(archive);
  assert.deepEqual(
    entries.map(({ path, type }) => `${type} ${path}`),
    [
      'directory etc/',
      'file etc/new',
      'file etc/.wh.old',
      'link etc/twin',
      'symlink etc-x',
      'directory fresh/',
      'file fresh/.wh..wh..opq',
      'fifo fresh/pipe',
      'file .wh.gone',
    ],
  );
  const [etc, added] = entries;
  assert.deepEqual([etc?.mode, etc?.uid, etc?.mtime], [0o750, 3, 1_700_000_000_000_000_000n]);
  assert.equal(added?.mode, 0o4755);
  assert.deepEqual([...(added?.xattrs ?? [])], [['user.a', Buffer.from('b')]]);
  assert.equal(entries[3]?.link, 'etc/new');
  const again = await buffer(diffLayer([...changes].reverse(), upper.source()));
  assert.ok(archive.equals(again));
});

test('a file that changes its size while it is read fills exactly what its header says', async () => {
  const node = { type: 'file' as const, mode: 0o644, uid: 0, gid: 0, mtime: 0n, major: 0, minor: 0 };
  for (const size of [0, 3, 600, 100_000]) {
    const source = {
      lstat: () => ({ ...node, size }),
      readlink: () => '',
      xattrs: () => new Map(),
      async *read() {
        yield Buffer.alloc(400, 'x');
        yield Buffer.alloc(300, 'y');
      },
    };
    const archive = await buffer(packTree([{ path: 'a' }, { path: 'b', name: 'renamed' }], source));
    assert.deepEqual(
      entriesOf(archive).map((entry) => [entry.path, entry.size]),
      [
        ['a', size],
        ['renamed', size],
      ],
    );
  }
});

test('an archive stops when it is cancelled', async () => {
  const tree = treeOf([{ path: 'a' }]);
  await assert.rejects(
    buffer(packTree([{ path: 'a' }], tree.source(), AbortSignal.abort(new Error('stop')))),
    /stop/,
  );
  await assert.rejects(
    buffer(diffLayer([{ path: 'a', kind: 'added' }], tree.source(), AbortSignal.abort(new Error('stop')))),
    /stop/,
  );
});

const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const member: fc.Arbitrary<Member> = fc
  .record({
    path,
    type: fc.constantFrom('file' as const, 'directory' as const, 'symlink' as const),
    body: fc.constantFrom('1', '2'),
    mode: fc.constantFrom(0o700, 0o755),
  })
  .map((one) => ({ ...one, link: 'nowhere/at/all', body: one.type === 'file' ? one.body : '' }));
/** Members that fit together: nothing below a file. */
const members = fc.array(member, { maxLength: 12 }).map((all) => {
  const kept: Member[] = [];
  for (const one of all) {
    const fits = kept.every(
      (other) =>
        one.path !== other.path &&
        (other.type === 'directory' || !one.path.startsWith(`${other.path}/`)) &&
        (one.type === 'directory' || !other.path.startsWith(`${one.path}/`)),
    );
    if (fits) kept.push(one);
  }
  return kept;
});

/** What overlayfs would find different: compares two trees, directories merged. */
function changesBetween(lower: MemoryNode | undefined, upper: MemoryNode, prefix = ''): Change[] {
  const changes: Change[] = [];
  const below = lower?.type === 'directory' ? lower.children : new Map<string, MemoryNode>();
  for (const name of below.keys()) {
    if (!upper.children.has(name)) changes.push({ path: prefix + name, kind: 'deleted' });
  }
  for (const [name, node] of upper.children) {
    const old = below.get(name);
    changes.push({ path: prefix + name, kind: old ? 'modified' : 'added' });
    if (node.type === 'directory') changes.push(...changesBetween(old, node, `${prefix}${name}/`));
  }
  return changes;
}

/** What overlayfs shows of two layers. */
function overlay(lower: MemoryNode, upper: MemoryNode): string[] {
  const view = new MemoryTree();
  const merge = (from: MemoryNode, into: MemoryNode) => {
    for (const [name, node] of from.children) {
      const under = into.children.get(name);
      if (node.type === 'char' && node.major === 0) {
        into.children.delete(name);
        continue;
      }
      const stays = node.type === 'directory' && under?.type === 'directory' && !node.xattrs.has('opaque');
      const shown: MemoryNode = { ...node, xattrs: new Map(), children: stays ? under.children : new Map() };
      into.children.set(name, shown);
      merge(node, shown);
    }
  };
  merge(lower, view.jail);
  merge(upper, view.jail);
  return view.list();
}

test('a layer turns the tree below into the tree it was made of, merged or as an overlay', async () => {
  await fc.assert(
    fc.asyncProperty(members, members, async (before, after) => {
      const lower = treeOf(before);
      const upper = treeOf(after);
      const layer = await buffer(diffLayer(changesBetween(lower.jail, upper.jail), upper.source()));
      const alone = new MemoryTree(false);
      applyLayer([layer], alone);
      assert.deepEqual(overlay(lower.jail, alone.jail), upper.list());
      applyLayer([layer], lower);
      assert.deepEqual(lower.list(), upper.list());
    }),
    { numRuns: 400 },
  );
});

const messy: fc.Arbitrary<Member> = fc.oneof(
  member,
  path.map((one) => ({ path: one.replace(/([^/]+)$/, '.wh.$1') })),
  path.map((one) => ({ path: `${one}/.wh..wh..opq` })),
);

test('every storage driver shows the same of a messy layer', () => {
  fc.assert(
    fc.property(members, fc.array(messy, { maxLength: 8 }), (before, layer) => {
      // Symlinks are another matter: those of the layers below are no parents in a layer of its own.
      const plain = [before, layer].map((all) => all.filter((one) => one.type !== 'symlink'));
      const lower = treeOf(plain[0] ?? []);
      const lowerView = treeOf(plain[0] ?? []);
      const archive = tar(...(plain[1] ?? []));
      const alone = new MemoryTree(false);
      try {
        applyLayer([archive], alone);
      } catch {
        return;
      }
      try {
        applyLayer([archive], lower);
      } catch {
        return;
      }
      assert.deepEqual(overlay(lowerView.jail, alone.jail), lower.list());
    }),
    { numRuns: 1500 },
  );
});
