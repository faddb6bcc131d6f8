import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isKind } from '#lib/errors';
import { silentLogger } from '#lib/log';
import { getXattr, listXattrs, makeFifo, makeNode, setXattr } from '#linux/files';
import { listMounts, unmount } from '#linux/mount';
import { MountMappings } from '#linux/namespaces';
import { digestOf } from '#oci/digest';
import { chainIds } from '#oci/image';
import { fsPath, pathFromBytes } from '#oci/layer';
import { tarOf } from './conformance.ts';
import { openSnapshots } from './open.ts';
import type { Conversion, LayerForm, LayerSource, Snapshots } from './snapshots.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const LONG = 'n'.repeat(255);
const HUGE = 5 * 2 ** 30;
const AT_THE_END = 'at the end';
let home = '';
let layers: LayerSource[] = [];

const open = (root: string, layerForm: LayerForm): Promise<Snapshots> =>
  openSnapshots({ root: join(home, root), log: silentLogger, mappings: new MountMappings(), layerForm });

async function end(snapshots: Snapshots): Promise<void> {
  for (const id of await snapshots.list()) await snapshots.remove(id);
  await snapshots.close();
}

/** All that a file system can hold and an archive can say. */
function makeTree(tree: string): void {
  const at = (path: string) => join(tree, path);
  mkdirSync(at('d/deep/er'), { recursive: true, mode: 0o711 });
  mkdirSync(at('hidden'));
  for (const name of ['one', 'two', 'gone']) writeFileSync(at(`hidden/${name}`), name);
  for (const size of [0, 1, 511, 512, 513, 4095, 4096, 4097, 100_000])
    writeFileSync(at(`d/${size}`), Buffer.alloc(size, `${size} `));
  for (let i = 0; i < 300; i++) writeFileSync(at(`d/deep/${i}`), String(i));
  writeFileSync(at(LONG), 'long');
  linkSync(at(LONG), at('d/linked'));
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/caf`), Buffer.from([0xe9, 10])]), 'bytes');
  symlinkSync('x'.repeat(4000), at('far'));
  symlinkSync('d/1', at('near'));
  linkSync(at('near'), at('d/nearer'));
  makeNode(at('null'), 0o20666, 1, 3);
  makeNode(at('disk'), 0o60640, 259, 70_000);
  makeFifo(at('fifo'), 0o622);
  writeFileSync(at('su'), 's');
  execFileSync('sh', ['-ec', 'chown 12:34 su; chmod 4755 su; chown 4000000000:7 d; chmod 1777 d'], {
    cwd: tree,
  });
  setXattr(at('su'), 'user.note', Buffer.from('a note'));
  setXattr(at('su'), 'user.empty', Buffer.alloc(0));
  setXattr(at('d'), 'user.long', Buffer.alloc(2000, 'v'));
  setXattr(at('su'), 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'));
  const huge = openSync(at('huge'), 'w');
  writeSync(huge, 'at the start', 0);
  writeSync(huge, 'in the middle', 3 * 2 ** 30 + 12_345);
  writeSync(huge, AT_THE_END, HUGE - AT_THE_END.length);
  closeSync(huge);
  writeFileSync(at('holes'), '');
  truncateSync(at('holes'), 2 ** 32 + 1);
  utimesSync(at('d/1'), -1, -1.5);
}

/** Every name below a directory, and what is to be said of it. */
function manifest(root: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const firsts = new Map<string, string>();
  const visit = (path: string): void => {
    const place = fsPath(path === '' ? root : `${root}/${path}`);
    const stats = lstatSync(place, { bigint: true });
    const { mode, uid, gid, mtimeNs, nlink, rdev, dev, ino } = stats;
    const inode = `${dev}:${ino}`;
    const first = firsts.get(inode) ?? path;
    firsts.set(inode, first);
    const xattrs = listXattrs(place).map((name) => `${name}=${getXattr(place, name)?.toString('hex')}`);
    const common = { mode, uid, gid, mtimeNs, rdev, xattrs: xattrs.sort() };
    if (stats.isDirectory()) {
      found.set(path, common);
      for (const name of readdirSync(place, { encoding: 'buffer' }).sort(Buffer.compare))
        visit(path === '' ? pathFromBytes(name) : `${path}/${pathFromBytes(name)}`);
      return;
    }
    const content = stats.isSymbolicLink() ? readlinkSync(place) : stats.isFile() ? contentOf(place) : '';
    found.set(path, { ...common, nlink, first, size: stats.size, content });
  };
  visit('');
  return found;
}

/** Of a huge file only where there is something. */
function contentOf(place: string | Buffer): string {
  const { size } = lstatSync(place);
  if (size < 2 ** 30) return createHash('sha256').update(readFileSync(place)).digest('hex');
  const fd = openSync(place, 'r');
  const parts = [0, 3 * 2 ** 30, 2 ** 32 - 100, size - 8192].map((from) => {
    const buffer = Buffer.alloc(20_000);
    return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, from));
  });
  closeSync(fd);
  return createHash('sha256').update(Buffer.concat(parts)).digest('hex');
}

before(() => {
  if (skip) return;
  home = mkdtempSync('/var/tmp/berth-forms-');
  const tree = join(home, 'tree');
  mkdirSync(tree);
  makeTree(tree);
  const bottom = join(home, 'bottom.tar');
  const flags = ['--sparse', '--format=posix', '--xattrs', '--xattrs-include=*', '--numeric-owner'];
  execFileSync('tar', [...flags, '-C', tree, '-cf', bottom, '.']);
  const middle = tarOf([
    { path: 'hidden', type: 'directory', mode: 0o700 },
    { path: 'hidden/.wh..wh..opq', type: 'file' },
    { path: 'hidden/new', type: 'file', content: 'new' },
    { path: 'd/.wh.512', type: 'file' },
    { path: 'd/deep/0', type: 'symlink', link: '../1' },
    { path: 'd/deep/er/.wh..wh..opq', type: 'file' },
    { path: `.wh.${LONG.slice(4)}`, type: 'file' },
  ]);
  const top = tarOf([
    // What no layer describes has the time at which it was unpacked.
    { path: 'd/4096', type: 'directory' },
    { path: 'd/4096/was', type: 'directory' },
    { path: 'd/4096/was/a', type: 'directory' },
    { path: 'd/4096/was/a/file', type: 'file', content: 'x' },
    { path: 'hidden/.wh.new', type: 'file' },
  ]);
  const diffIds = [readFileSync(bottom), middle, top].map((tar) => digestOf(tar));
  writeFileSync(join(home, 'middle.tar'), middle);
  writeFileSync(join(home, 'top.tar'), top);
  const chain = chainIds(diffIds);
  layers = ['bottom', 'middle', 'top'].map((name, index) => {
    const parent = chain[index - 1];
    return {
      chainId: chain[index] ?? '',
      diffId: diffIds[index] ?? '',
      path: join(home, `${name}.tar`),
      ...(parent && { parent }),
    };
  });
});
after(() => {
  if (skip) return;
  assert.deepEqual(
    listMounts().filter(({ mountPoint }) => mountPoint.startsWith(home)),
    [],
  );
  rmSync(home, { recursive: true, force: true });
});

test('both forms are the same file system, and a layer can change from one to the other', {
  skip,
}, async (context) => {
  context.after(() => end(snapshots));
  const topFirst = layers.map(({ chainId }) => chainId).reverse();
  let snapshots = await open('root', 'directory');
  const seen = async (id: string): Promise<Map<string, unknown>> => {
    const found = manifest(await snapshots.mount(id));
    await snapshots.unmount(id);
    return found;
  };
  // One after another: a layer that is being unpacked holds those below.
  const convertAll = async () => {
    const results: Conversion[] = [];
    for (const { chainId, path } of layers)
      results.push(await snapshots.convertLayer(chainId, { path: path }));
    return results;
  };
  const reopen = async (form: LayerForm) => {
    await snapshots.close();
    snapshots = await open('root', form);
  };
  for (const layer of layers) await snapshots.unpack(layer);
  await snapshots.prepare('c1', topFirst);
  const expected = await seen('c1');
  assert.equal(expected.has('d/512') || expected.has('hidden/one'), false);
  assert.ok(expected.has(LONG) && expected.has('huge') && expected.has('d/4096/was/a/file'));
  writeFileSync(join(await snapshots.mount('c1'), 'd/1'), 'changed');
  const changed = await (async () => manifest(await snapshots.mount('c1')))();
  const changes = await snapshots.changes('c1');

  await reopen('erofs');
  // c1 is still mounted.
  assert.deepEqual(await convertAll(), ['in-use', 'in-use', 'in-use']);
  assert.deepEqual(manifest(await snapshots.mount('c1')), changed);
  await snapshots.unmount('c1');
  assert.deepEqual(await convertAll(), ['converted', 'converted', 'converted']);
  assert.deepEqual(await convertAll(), ['unchanged', 'unchanged', 'unchanged']);
  await snapshots.prepare('c2', topFirst);
  assert.deepEqual(await seen('c2'), expected);
  // What stood on the directories stands on the images.
  assert.deepEqual(await snapshots.changes('c1'), changes);
  assert.deepEqual([...(await seen('c1')).keys()], [...changed.keys()]);

  await reopen('directory');
  assert.deepEqual(await convertAll(), ['converted', 'converted', 'converted']);
  assert.deepEqual(await seen('c2'), expected);
  await assert.rejects(snapshots.convertLayer(digestOf('none'), { path: '/none' }), (error) =>
    isKind(error, 'not-found'),
  );
});

test('an image that cannot be mounted is named, and can be made a directory', { skip }, async (context) => {
  context.after(() => end(snapshots));
  const small = tarOf([{ path: 'a', type: 'file', content: 'x' }]);
  const chainId = digestOf(small);
  const path = join(home, 'small.tar');
  writeFileSync(path, small);
  let snapshots = await open('damaged', 'erofs');
  await snapshots.unpack({ chainId, diffId: chainId, path });
  await snapshots.prepare('c1', [chainId]);
  await snapshots.mount('c1');
  await snapshots.close();
  const image = join(home, 'damaged/layers', chainId.slice(7), 'image');
  await unmount(join(image, '../diff'));
  writeFileSync(image, Buffer.alloc(8192));
  // c1 is mounted, and keeps what it has.
  snapshots = await open('damaged', 'directory');
  assert.ok(snapshots.isMounted('c1'));
  await assert.rejects(
    snapshots.prepare('c2', [chainId]),
    /image of layer [0-9a-f]{64} cannot be mounted here: .*migrate/,
  );
  assert.equal(await snapshots.convertLayer(chainId, { path: path }), 'converted');
  await snapshots.prepare('c2', [chainId]);
  assert.deepEqual(readdirSync(await snapshots.mount('c2')), ['a']);
});

test('a layer that cannot be read again stays as it was', { skip }, async (context) => {
  context.after(() => end(snapshots));
  const [bottom] = layers;
  assert.ok(bottom);
  const small = tarOf([{ path: 'a', type: 'file', content: 'x' }]);
  const chainId = digestOf(small);
  const path = join(home, 'small.tar');
  writeFileSync(path, small);
  let snapshots = await open('kept', 'directory');
  await snapshots.unpack({ chainId, diffId: chainId, path });
  await snapshots.close();
  snapshots = await open('kept', 'erofs');
  await assert.rejects(snapshots.convertLayer(chainId, bottom, AbortSignal.abort()), (error) =>
    isKind(error, 'cancelled'),
  );
  writeFileSync(path, tarOf([{ path: 'b', type: 'file' }]));
  await assert.rejects(snapshots.convertLayer(chainId, { path: path }), /expected diff id/);
  await snapshots.prepare('c1', [chainId]);
  assert.deepEqual(readdirSync(await snapshots.mount('c1')), ['a']);
  assert.deepEqual(readdirSync(join(home, 'kept/layers')).length, 1);
});
