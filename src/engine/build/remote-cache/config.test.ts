import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '#oci/digest';
import { MediaType } from '#oci/image';
import { decodeCache, decodeInline, encodeCache, encodeInline, type RemoteResult } from './config.ts';

const layerOf = (n: number) => ({
  diffId: digestOf(`diff ${n}`),
  blob: { mediaType: MediaType.ociLayerGzip, digest: digestOf(`blob ${n}`), size: n + 1 },
});

const results = fc
  .uniqueArray(fc.tuple(fc.nat(40), fc.array(fc.nat(5), { minLength: 1, maxLength: 5 })), {
    selector: ([key]) => key,
    maxLength: 12,
  })
  .map((made) =>
    made.map(
      ([key, layers]): RemoteResult => ({
        keys: [digestOf(`key ${key}`)],
        layers: layers.map(layerOf),
        created: '2026-01-01T00:00:00Z',
      }),
    ),
  );

const byKey = (list: readonly RemoteResult[]) => new Map(list.map((result) => [result.keys[0], result]));
const encoded = (document: object): Buffer => Buffer.from(JSON.stringify(document));

describe('the config of a cache', () => {
  it('comes back as it was written, each layer stored once', () => {
    fc.assert(
      fc.property(results, (list) => {
        const { config, blobs } = encodeCache(list);
        assert.deepEqual(decodeCache(encoded(config), blobs), byKey(list));
        assert.equal(new Set(blobs.map(({ digest }) => digest)).size, blobs.length);
        const nodes = new Set(config.layers.map(({ blob, parent }) => `${blob} ${parent}`));
        assert.equal(nodes.size, config.layers.length);
      }),
    );
  });

  it('inline: only what the image has from its bottom on', () => {
    const image = [0, 1, 2].map(layerOf);
    const result = (key: string, ...layers: readonly number[]): RemoteResult => ({
      keys: [digestOf(key)],
      layers: layers.map(layerOf),
      created: '',
    });
    const inside = [result('a', 0), result('b', 0, 1, 2)];
    const text = encodeInline(
      [...inside, result('c', 1), result('d', 0, 1, 2, 3), result('e')],
      image.map(({ diffId }) => diffId),
    );
    const document = {
      'moby.buildkit.cache.v0': text,
      rootfs: { diff_ids: image.map(({ diffId }) => diffId) },
    };
    const blobs = image.map(({ blob }) => blob);
    assert.deepEqual(decodeInline(encoded(document), blobs), byKey(inside));
    assert.equal(decodeInline(encoded({}), blobs), undefined);
  });

  it('reads what BuildKit writes, and does not go round in circles', () => {
    const { blob, diffId } = layerOf(0);
    const node = { blob: blob.digest, parent: -1, annotations: { diffID: diffId, createdAt: 'x' } };
    const records = [
      { digest: 'sha256:source' },
      { digest: 'sha256:run', inputs: [[{ link: 0 }]], layers: [{ layer: 0 }] },
      { digest: 'sha256:gone', layers: [{ layer: 7 }] },
    ];
    const found = decodeCache(encoded({ layers: [node], records }), [blob]);
    assert.deepEqual([...found.keys()], ['sha256:run']);
    const circle = {
      layers: [
        { ...node, parent: 1 },
        { ...node, parent: 0 },
      ],
      records: [records[1]],
    };
    assert.equal(decodeCache(encoded(circle), [blob]).size, 0);
    assert.equal(decodeCache(encoded({ layers: [node], records }), []).size, 0);
    assert.throws(() => decodeCache(Buffer.from('no'), []), /cache config is not valid JSON/);
    assert.throws(() => decodeCache(encoded({ records: 1 }), []), /cache config.records must be a list/);
  });
});
