import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import S3rver from 's3rver';
import { isKind } from '#lib/errors';
import { digestOf } from '#oci/digest';
import { Served } from '../testing/served.ts';
import { openStorage, type S3Options, type Storage } from './index.ts';

let directory = '';
let store: S3rver;
let s3: S3Options;
let away = false;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-storage-'));
  store = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: join(directory, 's3'),
    configureBuckets: [{ name: 'images', configs: [] }],
  });
  const { port } = (await store.run()) as AddressInfo;
  s3 = {
    bucket: 'images',
    prefix: 'registry/',
    endpoint: `http://127.0.0.1:${port}`,
    accessKey: 'S3RVER',
    secretKey: 'S3RVER',
  };
});
after(async () => {
  if (!away) await store.close();
  await rm(directory, { recursive: true, force: true });
});

for (const kind of ['disk', 's3'] as const) {
  describe(kind, () => {
    let storage: Storage;
    before(async () => {
      storage = await openStorage(join(directory, kind), kind === 's3' ? s3 : undefined);
    });
    after(() => storage.close());

    it('blobs are there whole, in ranges, in the list, until they are deleted', async () => {
      // More than one part of an object.
      for (const content of [Buffer.from('small'), Buffer.alloc(0), randomBytes(17 << 20)]) {
        const blob = { digest: digestOf(content), size: content.length };
        assert.equal(await storage.size(blob.digest), undefined);
        const path = join(directory, `${kind}-file`);
        await writeFile(path, content);
        await storage.adopt(path, blob);
        assert.equal(await storage.size(blob.digest), blob.size);
        assert.ok((await storage.read(blob.digest, 32 << 20)).equals(content));
        const listed = await Array.fromAsync(storage.list());
        assert.ok(listed.some(({ digest, size }) => digest === blob.digest && size === blob.size));
        if (content.length > 0) {
          assert.ok(
            (await buffer(await storage.open(blob.digest, { start: 1, end: 3 }))).equals(
              content.subarray(1, 4),
            ),
          );
          await assert.rejects(storage.read(blob.digest, 3), (error) => isKind(error, 'invalid'));
        }
        await storage.delete(blob.digest);
        await storage.delete(blob.digest);
        assert.equal(await storage.size(blob.digest), undefined);
        await assert.rejects(storage.read(blob.digest, 9), (error) => isKind(error, 'not-found'));
      }
      await storage.check();
    });

    it('records are listed in the order of paths, in parts', async () => {
      const { records } = storage;
      for (const name of ['a', 'b/c', 'b-c', 'B', 'd']) {
        await records.put(['list', name], Buffer.from(name));
        await records.put(['groups', name, 'below'], Buffer.from(name));
      }
      assert.equal((await records.get(['list', 'b/c']))?.toString(), 'b/c');
      assert.equal(await records.get(['list', 'none']), undefined);
      assert.deepEqual(await records.list(['list']), ['B', 'a', 'b/c', 'b-c', 'd']);
      assert.deepEqual(await records.list(['list'], { after: 'a', limit: 2 }), ['b/c', 'b-c']);
      assert.deepEqual(await records.list(['list'], { limit: 0 }), []);
      assert.deepEqual(await records.list(['nothing']), []);
      assert.deepEqual(await records.groups(['groups']), ['B', 'a', 'b/c', 'b-c', 'd']);
      await records.delete(['list', 'a']);
      assert.deepEqual(await records.list(['list'], { limit: 2 }), ['B', 'b/c']);
    });
  });
}

it('a registry keeps its images in an object store, and finds them again', async () => {
  await using served = await Served.start({ s3 });
  const digest = await served.pushImage('team/app', 'v1', 'layer');
  await served.restart({ s3 });
  assert.equal(digestOf((await served.send('GET', '/v2/team/app/manifests/v1')).body), digest);
  const blob = `/v2/team/app/blobs/${digestOf('layer')}`;
  assert.equal((await served.send('GET', blob, '', { range: 'bytes=1-2' })).body.toString(), 'ay');
  await served.send('DELETE', `/v2/team/app/manifests/${digest}`);
  const { blobs } = await served.registry.collect({ grace: -2000, uploadLifetime: 0, untagged: false });
  assert.equal(blobs, 3);
  assert.equal((await served.send('GET', blob)).status, 404);
});

it('a store that is away is told as such', async () => {
  await using served = await Served.start({ s3 });
  await store.close();
  away = true;
  const { status, code } = await served.send('GET', '/v2/team/app/manifests/v1');
  assert.deepEqual([status, code], [503, 'UNAVAILABLE']);
});
