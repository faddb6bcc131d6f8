import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { applyLayer } from '#oci/layer';
import { pathBytes } from '#oci/tar';
import { type MemoryNode, MemoryTree } from '../layer/testing/memory-tree.ts';
import { pieces, tar } from '../layer/testing/tar.ts';
import { ARCHIVE_OFFSET, LayerImage, readImage, UnfitLayer } from './index.ts';
import { members } from './testing/members.ts';
import { MemoryImage } from './testing/memory-image.ts';

const UUID = Buffer.from('0123456789abcdef');

function imageOf(archive: Buffer, blockSize: 512 | 4096 = 512, piece = 1 << 16): MemoryImage {
  const file = new MemoryImage();
  using image = new LayerImage(file, { blockSize });
  for (const chunk of pieces(archive, piece)) image.push(chunk);
  const { size, archiveSize } = image.finish({ uuid: UUID });
  assert.equal(archiveSize, archive.length);
  assert.equal(size, file.size);
  return file;
}

/** Path, and all that is known of what is there. */
type Listing = Map<string, unknown>;

function fromImage(file: MemoryImage): Listing {
  const found: Listing = new Map();
  const names = new Map<number, string>();
  for (const entry of readImage((position, length) => file.at(position, length))) {
    const { path, nid, kind, mode, uid, gid, mtime, target, major, minor } = entry;
    const first = names.get(nid) ?? path;
    names.set(nid, first);
    const links = kind === 'directory' ? entry.links : undefined;
    const content = kind === 'file' ? entry.content().toString('latin1') : '';
    const xattrs = new Map([...entry.xattrs].map(([name, value]) => [name, value.toString('latin1')]));
    assert.equal(found.has(path), false);
    found.set(path, { kind, mode, uid, gid, mtime, target, major, minor, content, xattrs, first, links });
  }
  return found;
}

function fromTree(root: MemoryNode): Listing {
  const found: Listing = new Map();
  const names = new Map<MemoryNode, string>();
  const visit = (node: MemoryNode, path: string): void => {
    const first = names.get(node) ?? path;
    names.set(node, first);
    const { type: kind, mode, uid, gid, link: target, major, minor } = node;
    const directories = [...node.children.values()].filter(({ type }) => type === 'directory').length;
    const xattrs = new Map(
      [...node.xattrs].map(([name, value]) => [
        name === 'opaque' ? 'trusted.overlay.opaque' : name,
        value.toString('latin1'),
      ]),
    );
    found.set(path, {
      kind,
      mode,
      uid,
      gid,
      // What changes in it changes the time of a directory that no entry describes.
      mtime: node.mtime === 999n ? 0n : node.mtime,
      target,
      major,
      minor,
      content: node.content.toString('latin1'),
      xattrs,
      first,
      links: kind === 'directory' ? directories + 2 : undefined,
    });
    const byBytes = [...node.children].sort(([a], [b]) => Buffer.compare(pathBytes(a), pathBytes(b)));
    for (const [name, child] of byBytes) visit(child, path === '' ? name : `${path}/${name}`);
  };
  visit(root, '');
  return found;
}

const xattrsSize = (node: MemoryNode): number =>
  [...node.xattrs.values()].reduce((sum, value) => sum + value.length, 0);

/** The root's number has 16 bits: with this many attributes in front of it, it may be out of reach. */
function unfit(make: () => MemoryImage): void {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof UnfitLayer, String(error));
  }
}

test('any tree comes out of its image as it went into it, or is refused as everywhere', () => {
  fc.assert(
    fc.property(
      members,
      fc.constantFrom(512, 4096),
      fc.integer({ min: 1, max: 5000 }),
      (all, size, piece) => {
        const archive = tar(...all);
        const tree = new MemoryTree();
        let refused: unknown;
        try {
          applyLayer([archive], tree);
        } catch (error) {
          assert.ok(isKind(error, 'invalid'), String(error));
          refused = error;
        }
        if (refused)
          assert.throws(() => imageOf(archive, size, piece), { message: String((refused as Error).message) });
        else if (xattrsSize(tree.jail) >= 3000) unfit(() => imageOf(archive, size, piece));
        else assert.deepEqual(fromImage(imageOf(archive, size, piece)), fromTree(tree.jail));
      },
    ),
    { numRuns: 400 },
  );
});

test('the archive is in the image, byte for byte', () => {
  const archive = Buffer.concat([tar({ path: 'a', body: 'x'.repeat(700) }), Buffer.from('behind the end')]);
  const file = imageOf(archive);
  assert.deepEqual(file.at(ARCHIVE_OFFSET, archive.length), archive);
});

test('directories of any size, names of any length', () => {
  for (const count of [1, 12, 13, 14, 40, 3000]) {
    const names = Array.from({ length: count }, (_, i) => `${i}`.padStart((i % 255) + 1, String(i % 10)));
    const unique = [...new Set(names)];
    const archive = tar(...unique.map((name) => ({ path: `d/${name}`, body: name })));
    const found = [...fromImage(imageOf(archive)).keys()].filter((path) => path.startsWith('d/'));
    assert.deepEqual(found.sort(), unique.map((name) => `d/${name}`).sort());
  }
});

test('files of any size are where the archive has them', () => {
  const sizes = [0, 1, 511, 512, 513, 4095, 4096, 4097, 100_000];
  const archive = tar(...sizes.map((size) => ({ path: `f${size}`, body: Buffer.alloc(size, `${size} `) })));
  const file = imageOf(archive);
  for (const entry of readImage((position, length) => file.at(position, length))) {
    if (entry.kind === 'file')
      assert.deepEqual(entry.content(), Buffer.alloc(entry.size, `${entry.size} `), entry.path);
  }
  assert.ok(file.size < archive.length + 16_384, 'nothing was copied');
});

test('what stands behind the end of a file is not seen', () => {
  const archive = tar({ path: 'a', body: 'x'.repeat(600) }, { path: 'b', body: 'y' });
  const padding = archive.indexOf('x'.repeat(600)) + 600;
  archive.fill('!', padding, padding + 100);
  const file = imageOf(archive);
  assert.deepEqual(file.at(ARCHIVE_OFFSET, archive.length), archive);
  for (const entry of readImage((position, length) => file.at(position, length))) {
    if (entry.path === 'a') assert.equal(entry.content().toString(), 'x'.repeat(600));
    if (entry.path === 'b') assert.equal(entry.content().toString(), 'y');
  }
  assert.ok(file.size > imageOf(tar({ path: 'a', body: 'x'.repeat(600) }, { path: 'b', body: 'y' })).size);
});

test('the same archive makes the same image', () => {
  const archive = tar({
    path: 'a/b/c',
    body: 'x',
    xattrs: new Map([
      ['user.b', Buffer.of(1)],
      ['user.a', Buffer.of(2)],
    ]),
  });
  const [one, two] = [imageOf(archive, 512, 7), imageOf(archive)];
  assert.deepEqual(one.at(0, one.size), two.at(0, two.size));
});

test('what no image can hold is told from what is broken', () => {
  const big = (value: Buffer, path = 'a') => tar({ path, xattrs: new Map([['user.x', value]]) });
  assert.throws(() => imageOf(big(Buffer.alloc(65_536))), UnfitLayer);
  assert.throws(() => imageOf(big(Buffer.alloc(3000), './')), UnfitLayer);
  imageOf(big(Buffer.alloc(65_535)));
  assert.throws(
    () => imageOf(tar({ path: 'a', type: 'symlink', link: 'x'.repeat(4096) })),
    /longer than 4095/,
  );
  assert.throws(() => imageOf(tar({ path: 'a', body: 'x' }).subarray(0, 700)), /truncated/);
});

test('an image that was not finished is none', () => {
  const file = new MemoryImage();
  using image = new LayerImage(file);
  image.push(tar({ path: 'a', body: 'x' }));
  assert.throws(() => [...readImage((position, length) => file.at(position, length))], /no EROFS image/);
});

test('directories that the layer does not describe look as below', () => {
  const file = new MemoryImage();
  using image = new LayerImage(file);
  image.push(tar({ path: 'a/b/c', body: 'x' }, { path: 'd/', mode: 0o700 }, { path: 'a/.wh..wh..opq' }));
  const asked: string[] = [];
  image.finish({
    uuid: UUID,
    inherit: (path) => {
      asked.push(path);
      if (path === 'a/b') return undefined;
      return { mode: 0o1750, uid: 5, gid: 6, mtime: 7n, xattrs: new Map([['user.n', Buffer.of(1)]]) };
    },
  });
  const found = fromImage(file);
  assert.deepEqual(asked.sort(), ['', 'a', 'a/b']);
  const look = (path: string) => {
    const { mode, uid, mtime, xattrs } = found.get(path) as {
      mode: number;
      uid: number;
      mtime: bigint;
      xattrs: Map<string, string>;
    };
    return [mode, uid, mtime, [...xattrs.keys()]];
  };
  assert.deepEqual(look(''), [0o1750, 5, 7n, ['user.n']]);
  assert.deepEqual(look('a'), [0o1750, 5, 7n, ['trusted.overlay.opaque', 'user.n']]);
  assert.deepEqual(look('a/b'), [0o755, 0, 0n, []]);
  assert.deepEqual(look('d'), [0o700, 0, 0n, []]);
});
