import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { changeMode, parseMode } from './mode.ts';
import { type PlaceRequest, placeDirectory, placeFiles } from './place.ts';
import { resolvePath } from './resolve.ts';
import { selectFiles } from './select.ts';
import { type TarNode, TarTree } from './tar-tree.ts';

type Shape = Readonly<Record<string, string | null | { readonly link: string }>>;

/** Paths: a string is a file's content, null a directory. */
function tree(shape: Shape): TarTree {
  const nodes = new Map<string, TarNode>([['', node('directory')]]);
  for (const [path, what] of Object.entries(shape)) {
    const parts = path.split('/');
    for (let length = 1; length < parts.length; length++) {
      const parent = parts.slice(0, length).join('/');
      if (!nodes.has(parent)) nodes.set(parent, node('directory'));
    }
    if (what === null) nodes.set(path, node('directory'));
    else if (typeof what === 'string') nodes.set(path, { ...node('file'), size: what.length, digest: what });
    else nodes.set(path, { ...node('symlink'), link: what.link });
  }
  return new TarTree('', nodes);
}

const node = (type: TarNode['type']): TarNode => ({
  type,
  mode: type === 'directory' ? 0o755 : 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0n,
  link: '',
  major: 0,
  minor: 0,
  xattrs: new Map(),
  digest: '',
  offset: 0,
});

const ask = { excludes: [], parents: false, owners: false };
const request: PlaceRequest = {
  destination: '/',
  owner: undefined,
  mode: undefined,
  parents: false,
};

function copied(source: Shape, base: Shape, sources: readonly string[], destination: string): string[] {
  const selection = selectFiles(tree(source), { ...ask, sources });
  return placeFiles(tree(base), selection, { ...request, destination }).map(({ path }) => path);
}

describe('where COPY puts what', () => {
  const cases: readonly (readonly [string, Shape, Shape, readonly string[], string, readonly string[]])[] = [
    ['a file under a new name', { f: '' }, {}, ['f'], '/g', ['g']],
    ['a file into a directory that is there', { f: '' }, { d: null }, ['f'], '/d', ['d/f']],
    ['a file into one that is made', { f: '' }, {}, ['f'], '/d/e/', ['d', 'd/e', 'd/e/f']],
    ['what a directory holds', { 'a/b/c': '' }, {}, ['a'], '/d', ['d', 'd/b', 'd/b/c']],
    [
      'through a link of the base',
      { f: '' },
      { lib: { link: 'usr/lib' }, 'usr/lib': null },
      ['f'],
      '/lib/f',
      ['usr/lib/f'],
    ],
    ['through an absolute link', { f: '' }, { x: { link: '/d' }, d: null }, ['f'], '/x/', ['d/f']],
    [
      'a link that leads out stays inside',
      { f: '' },
      { x: { link: '../../d' }, d: null },
      ['f'],
      '/x/',
      ['d/f'],
    ],
    ['several into one directory', { f: '', g: '' }, {}, ['f', 'g'], '/d/', ['d', 'd/f', 'd/g']],
    [
      'what a wildcard matches',
      { 'a.c': '', 'b.c': '', 'b.h': '' },
      {},
      ['*.c'],
      '/d/',
      ['d', 'd/a.c', 'd/b.c'],
    ],
    ['what is behind a link of the context', { l: { link: 'd' }, 'd/f': '' }, {}, ['l'], '/t', ['t', 't/f']],
  ];
  for (const [what, source, base, sources, destination, expected] of cases) {
    it(what, () => assert.deepEqual(copied(source, base, sources, destination), expected));
  }

  it('refuses what is in the way, and names that mark deletions', () => {
    assert.throws(() => copied({ f: '' }, { d: '' }, ['f'], '/d/'), /not a directory/);
    assert.throws(() => copied({ 'a/f': '' }, { 'd/f': null }, ['a'], '/d'), /cannot replace the directory/);
    assert.throws(() => copied({ 'a/f/g': '' }, { 'd/f': '' }, ['a'], '/d'), /which is not a directory/);
    assert.throws(() => copied({ '.wh.f': '' }, {}, ['.wh.f'], '/'), /mark deleted files/);
    assert.throws(() => copied({}, {}, ['none'], '/'), /"\/none": not found/);
  });

  it('a directory that must be there', () => {
    const { path, made } = placeDirectory(tree({ l: { link: 'd' }, d: null }), {
      ...request,
      destination: '/l/x/y',
    });
    assert.deepEqual([path, made.map((entry) => entry.path)], ['d/x/y', ['d/x', 'd/x/y']]);
  });

  it('names and contents decide the digest, times and owners of a context do not', () => {
    const digest = (shape: Shape) => selectFiles(tree(shape), { ...ask, sources: ['/'] }).digest;
    assert.equal(digest({ a: '1', b: '2' }), digest({ b: '2', a: '1' }));
    assert.notEqual(digest({ a: '1' }), digest({ a: '2' }));
    assert.notEqual(digest({ a: '1' }), digest({ b: '1' }));
    assert.notEqual(digest({ a: { link: 'x' } }), digest({ a: { link: 'y' } }));
  });

  it('never leaves the tree, whatever links and names there are', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const target = fc.array(fc.constantFrom('a', 'b', '..', '', '.'), { minLength: 1, maxLength: 5 });
    const links = fc.array(
      fc.tuple(
        path,
        target.map((parts) => parts.join('/')),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(
        links,
        fc.array(fc.constantFrom('a', 'b', 'c', '..', '.'), { maxLength: 6 }),
        (all, asked) => {
          const nodes = Object.fromEntries(all.map(([at, link]) => [at, { link }] as const));
          try {
            const resolved = resolvePath(tree(nodes), asked.join('/'));
            if (resolved === undefined) return;
            assert.doesNotMatch(`/${resolved}/`, /\/\.{1,2}\/|\/\/./);
          } catch (error) {
            assert.ok(isKind(error, 'invalid'), String(error));
          }
        },
      ),
    );
  });
});

describe('--chmod', () => {
  const cases: readonly (readonly [string, number, boolean, number])[] = [
    ['0640', 0o777, false, 0o640],
    ['u+x', 0o644, false, 0o744],
    ['a-w', 0o666, false, 0o444],
    ['go=', 0o777, false, 0o700],
    ['u=rwx,go=rx', 0o600, false, 0o755],
    ['a+X', 0o644, false, 0o644],
    ['a+X', 0o644, true, 0o755],
    ['u+s,o+t', 0o755, true, 0o5755],
  ];
  for (const [text, before, directory, after] of cases) {
    it(`${text} on ${before.toString(8)}`, () =>
      assert.equal(changeMode(before, parseMode(text), directory), after));
  }
  it('refuses what is none', () => {
    for (const text of ['', '9', 'u', 'u+q', 'x+u', '777777']) {
      assert.throws(() => parseMode(text), /invalid chmod parameter/, text);
    }
  });
});
