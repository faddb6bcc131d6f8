import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '#oci/digest';
import { dockerArchive, layerOf, openFixture } from './images.fixture.ts';

test('a tar that came uncompressed is kept once, in the layer, and is a blob still', async (context) => {
  const fixture = await openFixture(context);
  const { images, snapshots, blobs, load, leftOvers } = fixture;
  const tar = layerOf('base', 'x'.repeat(300_000));
  const digest = digestOf(tar);
  await load(dockerArchive([{ tags: ['one:1'], layers: [tar] }]));
  while (blobs.hasFile(digest)) {
    await images.dropTwins();
    await sleep(50);
  }
  assert.equal((await leftOvers()).blobs, 2);
  assert.equal(await blobs.has(digest), true);
  assert.equal(await blobs.size(digest), tar.length);
  assert.deepEqual(await blobs.read(digest), tar);
  assert.deepEqual(await buffer(blobs.open(digest, { start: 700, end: 1299 })), tar.subarray(700, 1300));
  assert.deepEqual((await buffer(blobs.open(digest, { start: tar.length }))).length, 0);
  assert.deepEqual((await images.verify()).damages, []);

  // The same tar above another one is another layer, made of the first one's; it is a blob when that is gone.
  const saved = await buffer(await images.save(['one:1']));
  await load(dockerArchive([{ tags: ['two:1'], layers: [layerOf('below'), tar] }]));
  assert.equal(blobs.hasFile(digest), false);
  await images.remove('one:1', {});
  assert.deepEqual(await blobs.read(digest), tar);
  await images.remove('two:1', {});
  assert.deepEqual(await leftOvers(), { blobs: 0, layers: 0, temporary: 0 });
  await load(saved);
  const { chainId = '' } = images.get('one:1').layers[0] ?? {};
  await snapshots.prepare('writable', [chainId]);
  assert.equal(readFileSync(`${await snapshots.mount('writable')}/base`, 'utf8').length, 300_000);
  await snapshots.remove('writable');
});

test('a layer that becomes a directory gives its tar back', async (context) => {
  const first = await openFixture(context);
  const tar = layerOf('base', 'y'.repeat(3000));
  await first.load(dockerArchive([{ tags: ['one:1'], layers: [tar] }]));
  while (first.blobs.hasFile(digestOf(tar))) {
    await first.images.dropTwins();
    await sleep(50);
  }
  const { images, blobs } = await first.reopen('directory');
  assert.deepEqual((await images.migrateLayers()).layers.converted, 1);
  assert.equal(blobs.hasFile(digestOf(tar)), true);
  assert.deepEqual(await blobs.read(digestOf(tar)), tar);
});
