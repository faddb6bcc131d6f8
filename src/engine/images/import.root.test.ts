import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isKind } from '#lib/errors';
import { digestOf } from '#oci/digest';
import { layerOf, openFixture, tarOf } from './images.fixture.ts';

const rootfs = layerOf('bin/sh', 'x'.repeat(100));

test('a tar becomes an image, however it is compressed', async (context) => {
  const { images, events } = await openFixture(context);
  for (const archive of [rootfs, gzipSync(rootfs), zstdCompressSync(rootfs)]) {
    const image = await images.import(Readable.from([archive]), {
      reference: 'made:1',
      message: 'from a test',
      changes: ['CMD ["sh"]', 'ENV A=1'],
      platform: 'linux/arm64',
    });
    assert.deepEqual(image.tags, ['made:1']);
    assert.equal(image.layers[0]?.diffId, digestOf(rootfs));
    assert.deepEqual([image.os, image.architecture, image.comment], ['linux', 'arm64', 'from a test']);
    assert.deepEqual([image.config.cmd, image.config.env], [['sh'], ['A=1']]);
    assert.equal(image.size, 100);
    assert.equal(images.history('made:1')[0]?.comment, 'from a test');
  }
  const nameless = await images.import(Readable.from([rootfs]), {});
  assert.deepEqual(nameless.tags, []);
  const seen = (await events()).map((event) => event.split(' ')[0]);
  assert.deepEqual(seen, ['import', 'tag', 'import', 'tag', 'import', 'tag', 'import']);
});

test('an archive of nothing is an image without layers', async (context) => {
  const { images, snapshots } = await openFixture(context);
  const image = await images.import(Readable.from([tarOf([])]), { reference: 'empty' });
  assert.deepEqual(image.layers, []);
  await snapshots.prepare('c1', []);
});

test('what is no tar, or has a name that cannot be, leaves nothing', async (context) => {
  const { images, leftOvers } = await openFixture(context);
  const bad = (error: unknown) => isKind(error, 'invalid');
  const from = (content: Buffer) => Readable.from([content]);
  await assert.rejects(images.import(from(Buffer.alloc(5000, 'x')), {}), bad);
  await assert.rejects(images.import(from(rootfs.subarray(0, 600)), {}), bad);
  await assert.rejects(images.import(from(layerOf('../x')), {}), bad);
  await assert.rejects(images.import(from(rootfs), { reference: 'NO' }), bad);
  await assert.rejects(images.import(from(rootfs), { changes: ['RUN x'] }), bad);
  await assert.rejects(images.import(from(rootfs), { platform: 'a/b/c/d' }), bad);
  assert.deepEqual(await leftOvers(), { blobs: 0, layers: 0, temporary: 0 });
});
