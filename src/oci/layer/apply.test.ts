import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { type ApplyOptions, applyLayer, LayerApplier } from './index.ts';
import { MemoryTree } from './testing/memory-tree.ts';
import { type Member, pieces, tar } from './testing/tar.ts';

const unpack = (members: readonly Member[], options?: ApplyOptions, tree = new MemoryTree()): MemoryTree => {
  applyLayer(pieces(tar(...members), 700), tree, options);
  return tree;
};
const refused =
  (message: RegExp) =>
  (error: unknown): boolean =>
    isKind(error, 'invalid') && message.test(error.message);

test('every kind of entry arrives with its metadata', () => {
  const tree = unpack([
    { path: './', mode: 0o711, uid: 7 },
    { path: 'bin/', mode: 0o1755, mtime: 5_000_000_000n },
    {
      path: 'bin/su',
      mode: 0o4755,
      uid: 1,
      gid: 2,
      mtime: 1_500_000_001n,
      body: 'elf',
      xattrs: new Map([['security.capability', Buffer.from([1, 0, 2])]]),
    },
    { path: 'bin/link', type: 'link', link: 'bin/su' },
    { path: 'bin/sh', type: 'symlink', link: '../usr/bin/sh', uid: 3, mtime: 9n },
    { path: 'dev/null', type: 'char', mode: 0o666, major: 1, minor: 3 },
    { path: 'dev/sda', type: 'block', mode: 0o660, major: 8, minor: 0x12345 },
    { path: 'run/pipe', type: 'fifo', mode: 0o600 },
  ]);
  assert.deepEqual(tree.list(), [
    'bin directory',
    'bin/link file elf',
    'bin/sh symlink ../usr/bin/sh',
    'bin/su file elf',
    'dev directory',
    'dev/null char 1:3',
    'dev/sda block 8:74565',
    'run directory',
    'run/pipe fifo 0:0',
  ]);
  const su = tree.at('bin/su');
  assert.deepEqual([su.mode, su.uid, su.gid, su.mtime], [0o4755, 1, 2, 1_500_000_001n]);
  assert.deepEqual(su.xattrs.get('security.capability'), Buffer.from([1, 0, 2]));
  assert.equal(tree.at('bin/link'), su);
  assert.deepEqual([tree.at('bin').mode, tree.at('bin').mtime], [0o1755, 5_000_000_000n]);
  assert.equal(tree.at('dev').mode, 0o755);
  assert.deepEqual([tree.jail.mode, tree.jail.uid], [0o711, 7]);
});

test('the result does not depend on how the stream is cut', () => {
  const archive = tar(
    { path: 'a/', mtime: 3n },
    { path: 'a/x', body: 'x'.repeat(1000) },
    { path: `a/${'n'.repeat(200)}`, body: 'y' },
  );
  const whole = new MemoryTree();
  applyLayer([archive], whole);
  for (const size of [1, 13, 511, 512, 513]) {
    const tree = new MemoryTree();
    assert.deepEqual(applyLayer(pieces(archive, size), tree), { entries: 3, bytes: 1001 });
    assert.deepEqual(tree.list(), whole.list());
  }
});

test('a later entry replaces an earlier one of the same name', () => {
  const tree = unpack([
    { path: 'file', body: 'old' },
    { path: 'file', body: 'new' },
    { path: 'dir/' },
    { path: 'dir/inside', body: 'gone' },
    { path: 'dir', body: 'now a file' },
    { path: 'link', type: 'symlink', link: 'dir' },
    { path: 'link/' },
    { path: 'link/x', body: '' },
    { path: 'kept/' },
    { path: 'kept/x' },
    { path: 'kept/', mode: 0o700 },
  ]);
  assert.deepEqual(tree.list(), [
    'dir file now a file',
    'file file new',
    'kept directory',
    'kept/x file',
    'link directory opaque',
    'link/x file',
  ]);
  assert.equal(tree.at('kept').mode, 0o700);
});

test('absolute and sloppy names are below the root', () => {
  const tree = unpack([
    { path: '/etc/./passwd', body: 'x' },
    { path: './/a//b/', type: 'directory' },
  ]);
  assert.deepEqual(tree.list(), ['a directory', 'a/b directory', 'etc directory', 'etc/passwd file x']);
});

test('symlinked parents are followed inside the root', () => {
  const tree = unpack([
    { path: 'usr/lib/' },
    { path: 'lib', type: 'symlink', link: 'usr/lib' },
    { path: 'lib/a.so', body: 'a' },
    { path: 'abs', type: 'symlink', link: '/usr/lib' },
    { path: 'abs/b.so', body: 'b' },
    { path: 'up', type: 'symlink', link: '../../../../usr/lib' },
    { path: 'up/c.so', body: 'c' },
    { path: 'dangling', type: 'symlink', link: '/not/yet' },
    { path: 'dangling/d.so', body: 'd' },
    { path: 'e.so', type: 'link', link: 'lib/a.so' },
  ]);
  for (const name of ['a', 'b', 'c']) assert.equal(tree.at(`usr/lib/${name}.so`).content.toString(), name);
  assert.equal(tree.at('not/yet/d.so').content.toString(), 'd');
  assert.equal(tree.at('e.so'), tree.at('usr/lib/a.so'));
});

test('whiteouts and opaque directories mark what they hide', () => {
  const tree = unpack([
    { path: 'etc/.wh.passwd' },
    { path: 'srv/.wh..wh..opq' },
    { path: 'srv/new', body: 'x' },
    { path: 'gone/' },
    { path: '.wh.gone' },
    { path: '.wh.reborn' },
    { path: 'reborn/' },
    { path: '.wh.implied' },
    { path: 'implied/x' },
    { path: '.wh.file' },
    { path: 'file', body: 'y' },
    { path: '.wh..wh.plnk/1.2', body: 'aufs' },
    { path: '.wh..wh.aufs' },
    { path: 'forged', type: 'char', major: 0, minor: 0, mode: 0 },
  ]);
  assert.deepEqual(tree.list(), [
    'etc directory',
    'etc/passwd char 0:0',
    'file file y',
    'forged char 0:0',
    'gone directory opaque',
    'implied directory opaque',
    'implied/x file',
    'reborn directory opaque',
    'srv directory opaque',
    'srv/new file x',
  ]);
});

test('whiteouts in a merged tree remove what was there before this layer, and only that', () => {
  const tree = new MemoryTree(true);
  unpack([{ path: 'a/old' }, { path: 'a/sub/old' }, { path: 'b/old' }, { path: 'c' }], {}, tree);
  unpack(
    [
      { path: 'a/sub/new' },
      { path: 'a/.wh..wh..opq' },
      { path: 'a/new' },
      { path: '.wh.b' },
      { path: 'c', body: 'new' },
      { path: '.wh.c' },
      { path: '.wh.nothing' },
    ],
    {},
    tree,
  );
  assert.deepEqual(tree.list(), [
    'a directory',
    'a/new file',
    'a/sub directory',
    'a/sub/new file',
    'c file new',
  ]);
});

test('literal names are copied as they are', () => {
  const tree = unpack([{ path: 'home/me/' }], {});
  unpack(
    [
      { path: './', mode: 0o777 },
      { path: '.wh.x', body: '1' },
      { path: 'y', body: '2' },
    ],
    { into: 'home/me', whiteouts: 'literal', owner: () => ({ uid: 5, gid: 6 }) },
    tree,
  );
  assert.deepEqual(tree.list(), [
    'home directory',
    'home/me directory',
    'home/me/.wh.x file 1',
    'home/me/y file 2',
  ]);
  assert.equal(tree.at('home/me').mode, 0o755);
  assert.deepEqual([tree.at('home/me/y').uid, tree.at('home/me/y').gid], [5, 6]);
});

test('types are kept when asked for', () => {
  const tree = unpack([{ path: 'd/' }, { path: 'f' }]);
  assert.throws(
    () => unpack([{ path: 'd' }], { keepTypes: true }, tree),
    refused(/cannot overwrite directory/),
  );
  assert.throws(
    () => unpack([{ path: 'f/' }], { keepTypes: true }, tree),
    refused(/cannot overwrite non-directory/),
  );
  unpack([{ path: 'd/' }, { path: 'f', body: 'x' }], { keepTypes: true }, tree);
});

test("overlay's own attributes do not come from a layer", () => {
  const xattrs = new Map([
    ['trusted.overlay.redirect', Buffer.from('/etc')],
    ['user.overlay.opaque', Buffer.from('y')],
    ['user.mine', Buffer.from('z')],
  ]);
  const tree = unpack([
    { path: 'd/', xattrs },
    { path: 'f', xattrs },
  ]);
  for (const path of ['d', 'f']) assert.deepEqual([...tree.at(path).xattrs.keys()], ['user.mine']);
});

const HOSTILE: [name: string, members: Member[], message: RegExp][] = [
  ['parent', [{ path: '../outside/secret', body: 'x' }], /"\.\." is not allowed/],
  ['parent inside', [{ path: 'a/../../outside/secret', body: 'x' }], /"\.\." is not allowed/],
  ['parent at the end', [{ path: 'a/..', type: 'directory' }], /"\.\." is not allowed/],
  [
    'hard link to a parent',
    [{ path: 'x', type: 'link', link: '../outside/secret' }],
    /"\.\." is not allowed/,
  ],
  ['absolute hard link', [{ path: 'x', type: 'link', link: '/outside/secret' }], /not in the archive/],
  [
    'hard link through a symlink',
    [
      { path: 's', type: 'symlink', link: '../outside' },
      { path: 'x', type: 'link', link: 's/secret' },
    ],
    /not in the archive/,
  ],
  [
    'hard link to a directory',
    [{ path: 'd/' }, { path: 'x', type: 'link', link: 'd' }],
    /hard link to a directory/,
  ],
  ['hard link to the root', [{ path: 'x', type: 'link', link: '/' }], /hard link to a directory/],
  ['hard link to itself', [{ path: 'x', type: 'link', link: './x' }], /not in the archive/],
  [
    'hard link to a whiteout',
    [{ path: '.wh.y' }, { path: 'x', type: 'link', link: 'y' }],
    /not in the archive/,
  ],
  ['whiteout of the parent', [{ path: '.wh...' }], /whiteout of no valid name/],
  ['whiteout of itself', [{ path: 'd/.wh..' }], /whiteout of no valid name/],
  ['whiteout of nothing', [{ path: '.wh.' }], /whiteout of no valid name/],
  ['root as a file', [{ path: './', type: 'file' }], /replace the root directory/],
  ['root as a symlink', [{ path: '/', type: 'symlink', link: '/outside' }], /replace the root directory/],
  ['root as a whiteout', [{ path: '/', type: 'char', major: 0, minor: 0 }], /hide the root directory/],
  [
    'symlink loop',
    [{ path: 'a', type: 'symlink', link: 'b' }, { path: 'b', type: 'symlink', link: 'a' }, { path: 'a/x' }],
    /too many levels/,
  ],
  [
    'exploding symlink',
    [{ path: 'a', type: 'symlink', link: 'a/a/a/a/a/a' }, { path: 'a/x' }],
    /too many levels/,
  ],
  ['below a file', [{ path: 'f' }, { path: 'f/x' }], /which is a file/],
  ['long name', [{ path: 'n'.repeat(256) }], /longer than 255 bytes/],
  ['long name of few characters', [{ path: '\u{1f600}'.repeat(64) }], /longer than 255 bytes/],
  [
    'long name through a symlink',
    [{ path: 'l', type: 'symlink', link: 'n'.repeat(256) }, { path: 'l/a' }],
    /longer than 255 bytes/,
  ],
  ['deep path', [{ path: 'd/'.repeat(2100) }], /longer than 4095 bytes/],
  ['empty symlink', [{ path: 's', type: 'symlink', link: '' }], /symlink to nowhere/],
  ['huge device', [{ path: 'd', type: 'block', major: 4096, minor: 0 }], /device number/],
];

for (const [name, members, message] of HOSTILE) {
  test(`hostile archive: ${name}`, () => {
    for (const merged of [false, true]) {
      const tree = new MemoryTree(merged);
      const before = tree.list(tree.outside);
      if (name === 'hard link to a whiteout' && merged) return;
      assert.throws(() => unpack(members, {}, tree), refused(message));
      assert.deepEqual(tree.list(tree.outside), before);
    }
  });
}

const CONTAINED: [name: string, members: Member[]][] = [
  [
    'through an absolute symlink',
    [
      { path: 's', type: 'symlink', link: '/outside' },
      { path: 's/secret', body: 'x' },
    ],
  ],
  [
    'through a relative symlink',
    [
      { path: 's', type: 'symlink', link: '../outside/dir' },
      { path: 's/new/x', body: 'x' },
    ],
  ],
  [
    'through two symlinks',
    [
      { path: 'a', type: 'symlink', link: '..' },
      { path: 'b', type: 'symlink', link: 'a/outside' },
      { path: 'b/secret', body: 'x' },
    ],
  ],
  [
    'over a symlink to a file',
    [
      { path: 's', type: 'symlink', link: '/outside/secret' },
      { path: 's', body: 'x' },
    ],
  ],
  [
    'over a hard link to a symlink',
    [
      { path: 's', type: 'symlink', link: '/outside/secret' },
      { path: 'h', type: 'link', link: 's' },
      { path: 'h', body: 'x' },
    ],
  ],
  [
    'whiteout through a symlink',
    [{ path: 's', type: 'symlink', link: '/outside' }, { path: 's/.wh.secret' }],
  ],
  [
    'opaque through a symlink',
    [{ path: 's', type: 'symlink', link: '/outside' }, { path: 's/.wh..wh..opq' }],
  ],
  [
    'a directory over a symlink',
    [
      { path: 's', type: 'symlink', link: '/outside' },
      { path: 's/', mode: 0o777 },
    ],
  ],
  [
    'times of a directory that became a symlink',
    [
      { path: 'd/dir/', mtime: 7n },
      { path: 'd', type: 'symlink', link: '/outside' },
    ],
  ],
  [
    'through a directory that became a symlink',
    [
      { path: 'd/x' },
      { path: 'd', type: 'symlink', link: '/outside' },
      { path: 'd/secret', body: 'y' },
      { path: 'd/.wh.dir' },
    ],
  ],
];

for (const [name, members] of CONTAINED) {
  test(`hostile archive stays inside: ${name}`, () => {
    for (const merged of [false, true]) {
      const tree = new MemoryTree(merged);
      const before = { list: tree.list(tree.outside), ...tree.outside };
      const dirTime = tree.outside.children.get('dir')?.mtime;
      unpack(members, {}, tree);
      assert.deepEqual({ list: tree.list(tree.outside), ...tree.outside }, before);
      assert.equal(tree.outside.children.get('dir')?.mtime, dirTime);
    }
  });
}

test('bombs are refused by what they declare, before anything is written', () => {
  const tree = new MemoryTree();
  const bomb = tar({ path: 'ok', body: 'x' }, { path: 'bomb', size: 2 ** 32, body: '' }).subarray(0, 1536);
  assert.throws(() => applyLayer([bomb], tree, { maxBytes: 1e9 }), refused(/more than 1000000000 bytes/));
  assert.deepEqual(tree.list(), ['ok file x']);
  const many = Array.from({ length: 11 }, (_, i) => ({ path: `f${i}` }));
  assert.throws(() => unpack(many, { maxEntries: 10 }), refused(/more than 10 entries/));
});

test('a truncated stream is an error wherever it ends, and the open file is closed', () => {
  const archive = tar({ path: 'a/' }, { path: `a/${'x'.repeat(150)}`, body: 'y'.repeat(600) });
  for (let length = 1; length < archive.length - 1024; length += 37) {
    if (length % 512 === 0) continue;
    assert.throws(
      () => applyLayer([archive.subarray(0, length)], new MemoryTree()),
      refused(/truncated/),
      `at ${length}`,
    );
  }
});

test('a failing target leaves no file open', () => {
  const tree = new MemoryTree();
  let closed = 0;
  const create = tree.createFile.bind(tree);
  tree.createFile = (path) => {
    const file = create(path);
    const full = () => {
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
    return {
      ...file,
      write: full,
      truncate: full,
      chown: full,
      chmod: full,
      setTimes: full,
      setXattr: full,
      close: () => void closed++,
    };
  };
  assert.throws(() => applyLayer([tar({ path: 'x', body: 'y' })], tree), /ENOSPC/);
  assert.equal(closed, 1);
  using applier = new LayerApplier(tree);
  assert.throws(() => applier.push(tar({ path: 'z' })), /ENOSPC/);
});

const names = fc.array(
  fc.constantFrom(
    'a',
    'b',
    'c',
    '..',
    '.',
    '',
    'outside',
    'dir',
    'secret',
    '.wh.a',
    '.wh..wh..opq',
    '.wh...',
  ),
  { minLength: 1, maxLength: 4 },
);
const anyPath = names.map((parts) => parts.join('/') || '/');
const member: fc.Arbitrary<Member> = fc.record({
  path: anyPath,
  type: fc.constantFrom('file', 'directory', 'symlink', 'link', 'fifo'),
  link: anyPath.chain((path) => fc.constantFrom(path, `/${path}`, `../${path}`, '/outside', '../outside')),
  body: fc.constant('x'),
});

test('no sequence of entries reaches outside of the root', () => {
  fc.assert(
    fc.property(fc.array(member, { maxLength: 25 }), fc.boolean(), (members, merged) => {
      const tree = new MemoryTree(merged);
      const before = {
        list: tree.list(tree.outside),
        ...tree.outside,
        dir: { ...tree.outside.children.get('dir') },
      };
      for (const one of members) {
        const body = one.type === 'file' ? 'x' : '';
        try {
          // One archive per entry: a refused one must not spare the rest.
          unpack([{ ...one, body }], {}, tree);
        } catch (error) {
          assert.ok(isKind(error, 'invalid'), String(error));
        }
      }
      assert.deepEqual(
        { list: tree.list(tree.outside), ...tree.outside, dir: { ...tree.outside.children.get('dir') } },
        before,
      );
    }),
    { numRuns: 1500 },
  );
});

test('no archive reaches outside of the root', () => {
  const place = fc.constantFrom(
    'a',
    'b',
    'a/b',
    'b/a',
    'a/secret',
    'b/dir',
    'a/.wh.dir',
    'b/.wh..wh..opq',
    'b/dir/x',
  );
  const type = fc.constantFrom('file', 'directory', 'symlink', 'link');
  const link = fc.constantFrom('a', 'b', '/outside', '../outside', 'b/../..', '..', '.');
  const entry: fc.Arbitrary<Member> = fc.record({ path: place, type, link });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), fc.boolean(), (members, merged) => {
      const tree = new MemoryTree(merged);
      const before = { list: tree.list(tree.outside), ...tree.outside };
      try {
        unpack(members, {}, tree);
      } catch (error) {
        assert.ok(isKind(error, 'invalid'), String(error));
      }
      assert.deepEqual({ list: tree.list(tree.outside), ...tree.outside }, before);
    }),
    { numRuns: 3000 },
  );
});

test('any bytes are unpacked or refused as invalid', () => {
  const archive = tar(
    { path: 'a/' },
    { path: 'a/b', body: 'hello' },
    { path: 'x'.repeat(120), body: 'y', xattrs: new Map([['user.a', Buffer.from('b')]]) },
  );
  const edit = fc.tuple(fc.nat(archive.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 4 }), (edits) => {
      const broken = Buffer.from(archive);
      for (const [at, byte] of edits) broken[at] = byte;
      try {
        applyLayer([broken], new MemoryTree(), { maxBytes: 1e6 });
      } catch (error) {
        assert.ok(isKind(error, 'invalid'), String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
