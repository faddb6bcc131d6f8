import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { DigestMismatchError, digestOf } from '#oci/digest';
import { MediaType } from '#oci/image';
import { canonicalName, parseReference } from '#oci/reference';
import {
  blobPath,
  INDEX_FILE,
  LAYOUT_FILE,
  LAYOUT_MARKER,
  Layout,
  type LayoutFiles,
  layoutName,
  nameInLayout,
} from './index.ts';

const blob = Buffer.from('{"blob":1}');
const descriptor = { mediaType: MediaType.ociManifest, digest: digestOf(blob), size: blob.length };
const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [descriptor] };

const filesOf = (files: Record<string, string | Buffer>): LayoutFiles => ({
  read: async (path) => (files[path] === undefined ? undefined : Buffer.from(files[path])),
  open: async (path) => (files[path] === undefined ? undefined : Readable.from([Buffer.from(files[path])])),
});
const whole = {
  [LAYOUT_FILE]: LAYOUT_MARKER,
  [INDEX_FILE]: JSON.stringify(index),
  [blobPath(descriptor.digest)]: blob,
};

test('a layout is opened and its content verified', async () => {
  const layout = await Layout.open(filesOf(whole));
  assert.deepEqual(layout.index, index);
  assert.deepEqual(await layout.read(descriptor), blob);
  assert.deepEqual(await buffer(await layout.blob(descriptor)), blob);
  const missing = { ...descriptor, digest: digestOf('missing') };
  await assert.rejects(layout.read(missing), (error) => isKind(error, 'not-found'));
  await assert.rejects(layout.blob(missing), (error) => isKind(error, 'not-found'));
});

test('content that was changed is found out', async () => {
  const layout = await Layout.open(
    filesOf({ ...whole, [blobPath(descriptor.digest)]: 'x'.repeat(blob.length) }),
  );
  await assert.rejects(layout.read(descriptor), DigestMismatchError);
  await assert.rejects(buffer(await layout.blob(descriptor)), DigestMismatchError);
});

test('what is no layout is refused', async () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{}, /has no file oci-layout/],
    [{ [LAYOUT_FILE]: LAYOUT_MARKER }, /has no index.json/],
    [{ [LAYOUT_FILE]: 'x', [INDEX_FILE]: '{}' }, /imageLayoutVersion/],
    [{ [LAYOUT_FILE]: LAYOUT_MARKER, [INDEX_FILE]: 'x' }, /not valid JSON/],
  ];
  for (const [files, message] of cases) {
    await assert.rejects(
      Layout.open(filesOf(files)),
      (error) => isKind(error, 'invalid') && message.test(error.message),
    );
  }
});

test('a name goes into an index and comes out again', () => {
  for (const text of ['app:1', 'localhost:5000/me/app:x', 'a/b/c:latest']) {
    const named = nameInLayout(descriptor, parseReference(text));
    assert.equal(
      canonicalName(layoutName(named) ?? parseReference('none')),
      canonicalName(parseReference(text)),
    );
  }
  assert.equal(layoutName(descriptor), undefined);
});
