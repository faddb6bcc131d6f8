import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { isKind } from '#lib/errors';
import { mountTmpfs, unmount } from '#linux/mount';
import { dockerArchive, layerOf, openFixtureAt } from './images.fixture.ts';
import { ServedRegistry } from './served-registry.fixture.ts';

/** A data root on a file system of its own of so many megabytes. */
async function smallDisk(context: TestContext, megabytes: number) {
  const home = mkdtempSync('/var/tmp/berth-full-');
  const disk = join(home, 'data');
  mkdirSync(disk);
  mountTmpfs(disk, `size=${megabytes}m,mode=755`);
  const fixture = await openFixtureAt(context, home);
  context.after(async () => {
    await unmount(disk);
    rmSync(home, { recursive: true });
  });
  const used = () => {
    const { blocks, bfree, bsize } = statfsSync(disk);
    return (blocks - bfree) * bsize;
  };
  const until = async (bytes: number) => {
    for (let tries = 0; used() > bytes && tries < 200; tries++) await sleep(20);
    return used();
  };
  return { ...fixture, used, until };
}

const full = (error: unknown) => isKind(error, 'system') && error.message.includes('no space left on device');

test('an archive that does not fit is refused, and the space is free again', async (context) => {
  const { load, leftOvers, used, until, images } = await smallDisk(context, 16);
  const before = used();
  const big = dockerArchive([{ tags: ['big:1'], layers: [layerOf('big', Buffer.alloc(40 << 20))] }]);
  await assert.rejects(load(big), full);
  assert.deepEqual(await leftOvers(), { blobs: 0, layers: 0, temporary: 0 });
  assert.ok((await until(before + 200_000)) <= before + 200_000);
  await load(dockerArchive([{ tags: ['small:1'], layers: [layerOf('small')] }]));
  assert.equal(images.list().length, 1);
});

test('a bomb is stopped before it has filled the disk', async (context) => {
  const { images, leftOvers, used, until } = await smallDisk(context, 64);
  const before = used();
  const bomb = layerOf('zeros', Buffer.alloc(300 << 20));
  const archive = gzipSync(bomb);
  await assert.rejects(images.import(Readable.from([archive]), {}), full);
  assert.deepEqual(await leftOvers(), { blobs: 0, layers: 0, temporary: 0 });
  assert.ok((await until(before + 200_000)) <= before + 200_000);
});

test('a pull that does not fit is refused, whole layers and pieces are let go of, and the next one finds room', async (context) => {
  const { images, leftOvers, used, until } = await smallDisk(context, 32);
  const registry = await ServedRegistry.start(context);
  const small = layerOf('small', randomBytes(1 << 20));
  registry.image([small, layerOf('large', randomBytes(40 << 20))], 'large');
  registry.image([small], 'small');
  const before = used();
  await assert.rejects(images.pull(`${registry.host}/app:large`, {}), full);
  assert.deepEqual(await leftOvers(), { blobs: 0, layers: 0, temporary: 0 });
  assert.ok((await until(before + 200_000)) <= before + 200_000);
  await images.pull(`${registry.host}/app:small`, {});
  assert.equal(images.list().length, 1);
});
