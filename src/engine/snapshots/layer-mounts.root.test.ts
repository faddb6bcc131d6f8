import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { silentLogger } from '#lib/log';
import { isMountPoint, listMounts, mountFileSystem, unmount } from '#linux/mount';
import { MountMappings } from '#linux/namespaces';
import { digestOf, hexOf } from '#oci/digest';
import { tarOf } from './conformance.ts';
import { LayerMounts } from './layer-mounts.ts';
import { openSnapshots } from './open.ts';
import type { Snapshots } from './snapshots.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const layer = tarOf([{ path: 'a', type: 'file', content: 'x' }]);
const chainId = digestOf(layer);
let home = '';

/** Unpacks the layer into a root below `home`. */
async function unpackIn(name: string): Promise<{ root: string; snapshots: Snapshots }> {
  const root = join(home, name);
  const snapshots = await openSnapshots({
    root,
    log: silentLogger,
    mappings: new MountMappings(),
    layerForm: 'erofs',
  });
  const path = join(home, 'layer');
  writeFileSync(path, layer);
  await snapshots.unpack({ chainId, diffId: chainId, path });
  return { root, snapshots };
}

before(() => {
  if (!skip) home = mkdtempSync('/var/tmp/berth-mounts-');
});
after(() => {
  if (skip) return;
  assert.deepEqual(
    listMounts().filter(({ mountPoint }) => mountPoint.startsWith(home)),
    [],
  );
  rmSync(home, { recursive: true, force: true });
});

test('an image is mounted once for all who hold it, and for a minute after', { skip }, async (context) => {
  const { root, snapshots } = await unpackIn('held');
  await snapshots.close();
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const layers = join(root, 'layers');
  const place = join(layers, hexOf(chainId));
  const target = join(place, 'diff');
  const mounts = () => listMounts().filter(({ mountPoint }) => mountPoint === target).length;
  using held = new LayerMounts(layers, 'file');
  assert.equal(mounts(), 0);
  const [one, two] = [held.acquire(place), held.acquire(place)];
  assert.equal(mounts(), 1);
  assert.deepEqual(readdirSync(target), ['a']);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  context.mock.timers.tick(60_000);
  assert.equal(mounts(), 1, 'the other one holds it');
  two[Symbol.dispose]();
  context.mock.timers.tick(59_000);
  assert.equal(mounts(), 1, 'somebody may come back');
  held.acquire(place)[Symbol.dispose]();
  context.mock.timers.tick(59_000);
  assert.equal(mounts(), 1, 'and so he did');
  context.mock.timers.tick(1_000);
  assert.equal(mounts(), 0);
});

test('mounts of the process before are taken over; what is in use stays when this one ends', {
  skip,
}, async (context) => {
  const { root, snapshots } = await unpackIn('found');
  await snapshots.close();
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const layers = join(root, 'layers');
  const place = join(layers, hexOf(chainId));
  const first = new LayerMounts(layers, 'file');
  first.acquire(place);
  first[Symbol.dispose]();
  const target = join(place, 'diff');
  assert.ok(isMountPoint(target));
  const second = new LayerMounts(layers, 'file');
  const held = second.acquire(place);
  held[Symbol.dispose]();
  context.mock.timers.tick(60_000);
  assert.ok(!isMountPoint(target));
  second.acquire(place);
  second[Symbol.dispose]();
  using third = new LayerMounts(layers, 'file');
  assert.ok(isMountPoint(target));
  third[Symbol.dispose]();
  assert.ok(!isMountPoint(target), 'nobody has asked for it');
});

test('where a file system cannot back a mount, a loop device does, and is given back', { skip }, async () => {
  const place = join(home, 'tmpfs');
  mkdirSync(place);
  mountFileSystem('tmpfs', 'none', place, 'size=64m');
  try {
    const { snapshots, root } = await unpackIn('tmpfs/root');
    assert.deepEqual(Object.fromEntries(snapshots.driverStatus)['Layers'], 'erofs (loop devices)');
    await snapshots.prepare('c1', [chainId]);
    const merged = await snapshots.mount('c1');
    assert.equal(readFileSync(join(merged, 'a'), 'utf8'), 'x');
    assert.match(execFileSync('losetup', ['-a'], { encoding: 'utf8' }), new RegExp(hexOf(chainId)));
    await snapshots.remove('c1');
    await snapshots.close();
    assert.deepEqual(
      listMounts().filter(({ mountPoint }) => mountPoint.startsWith(root)),
      [],
    );
  } finally {
    await unmount(place);
  }
});
