import assert from 'node:assert/strict';
import { chmodSync, closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { dockerArchive, layerOf, openFixture } from './images.fixture.ts';
import { startRegistry } from './registry.fixture.ts';

const tar = layerOf('base', 'x'.repeat(5000));

/** One byte in the middle of the content. */
function damage(path: string, position: number): void {
  chmodSync(path, 0o600);
  const file = openSync(path, 'r+');
  writeSync(file, 'Y', position);
  closeSync(file);
}

test('damaged content is found, and made again from what is here', async (context) => {
  const { images, snapshots, blobs, load } = await openFixture(context);
  await load(dockerArchive([{ tags: ['plain:1'], layers: [tar] }]));
  const packed = await images.import(Readable.from([layerOf('other', 'z'.repeat(5000))]), {
    reference: 'packed:1',
  });
  const [layer] = images.get('plain:1').layers;
  assert.ok(layer);
  const { checked, damages } = await images.verify();
  assert.deepEqual([checked, damages], [8, []]);

  const archive = snapshots.layerArchive(layer.chainId);
  assert.ok(archive);
  damage(archive.path, archive.start + 600);
  const found = await images.verify({ names: ['plain:1'] });
  assert.deepEqual(found.damages, [
    {
      digest: layer.chainId,
      kind: 'layer',
      problem: 'damaged',
      images: ['plain:1'],
      repaired: false,
      remark: '',
    },
  ]);
  const mended = await images.verify({ repair: true });
  assert.deepEqual(
    mended.damages.map(({ repaired, remark }) => [repaired, remark]),
    [[true, 'unpacked again']],
  );

  damage(blobs.path(layer.diffId), 600);
  const stored = (await Array.fromAsync(blobs.list())).map(({ digest }) => digest);
  const compressed = stored.find((digest) => isPacked(digest));
  function isPacked(digest: string): boolean {
    return digest !== layer?.diffId && digest !== packed.id && digest !== packed.manifest?.digest;
  }
  assert.ok(compressed);
  damage(blobs.path(compressed), 30);
  const again = await images.verify({ repair: true });
  assert.deepEqual(
    again.damages.map(({ repaired, remark }) => [repaired, remark]),
    [
      [true, 'made from the unpacked layer'],
      [true, 'made from the unpacked layer'],
    ],
  );
  assert.deepEqual((await images.verify()).damages, []);
});

test('what came from a registry is fetched again; what is nowhere is told', async (context) => {
  const registry = await startRegistry(context);
  const { images, blobs, load } = await openFixture(context);
  registry.fill(dockerArchive([{ layers: [tar], config: { Cmd: ['pulled'] } }]), 'me/app:1');
  const pulled = await images.pull(`${registry.host}/me/app:1`, {});
  await load(dockerArchive([{ tags: ['127.0.0.1:1/local:1'], layers: [layerOf('local')] }]));
  const local = images.get('127.0.0.1:1/local:1');
  const { digest = '' } = pulled.manifest ?? {};
  rmSync(blobs.path(pulled.id));
  damage(blobs.path(digest), 5);
  damage(blobs.path(local.id), 5);
  const { damages } = await images.verify({ repair: true });
  assert.deepEqual(
    damages.map(({ digest, problem, remark }) => [digest, problem, remark.replace(/local: .*/, 'local')]),
    [
      [digest, 'damaged', `fetched from ${registry.host}/me/app`],
      [pulled.id, 'missing', `fetched from ${registry.host}/me/app`],
      [local.id, 'damaged', 'it cannot be fetched: 127.0.0.1:1/local'],
    ],
  );
  const left = await images.verify();
  assert.deepEqual(
    left.damages.map(({ digest }) => digest),
    [local.id],
  );
});
