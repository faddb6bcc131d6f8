import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { digestOf } from '#oci/digest';
import {
  chainIds,
  choosePlatform,
  encodeDocument,
  formatPlatform,
  isIndex,
  MAX_MANIFEST_BYTES,
  MediaType,
  matchesPlatform,
  type Platform,
  parseImageConfig,
  parseManifest,
  parsePlatform,
} from './index.ts';

const config = { mediaType: MediaType.ociConfig, digest: digestOf('c'), size: 1 };
const layer = { mediaType: MediaType.ociLayerGzip, digest: digestOf('l'), size: 2 };
const manifest = { schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers: [layer] };
const invalid = (message: RegExp) => (error: unknown) =>
  isKind(error, 'invalid') && message.test(error.message);

test('manifests and indexes of OCI and Docker are read', () => {
  assert.deepEqual(parseManifest(encodeDocument(manifest)), manifest);
  const docker = { ...manifest, mediaType: MediaType.dockerManifest };
  assert.deepEqual(parseManifest(encodeDocument(docker), MediaType.dockerManifest), docker);
  const { mediaType: _, ...untyped } = manifest;
  assert.equal(parseManifest(encodeDocument(untyped)).mediaType, MediaType.ociManifest);
  const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
  const index = {
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [{ ...config, mediaType: MediaType.ociManifest, platform }],
  };
  const read = parseManifest(encodeDocument({ ...index, unknown: 1, annotations: null }));
  assert.ok(isIndex(read));
  assert.deepEqual(read, index);
});

test('annotations cannot reach a prototype', () => {
  const text = JSON.stringify(manifest).replace('{', '{"annotations":{"__proto__":"x","constructor":"y"},');
  const read = parseManifest(Buffer.from(text));
  assert.deepEqual(Object.entries(read.annotations ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  assert.equal(Object.getPrototypeOf(read.annotations), Object.prototype);
});

test('broken, ambiguous and foreign documents are refused with the place', () => {
  const cases: [document: unknown, message: RegExp, mediaType?: string][] = [
    [[], /must be an object/],
    [null, /must be/],
    [{ ...manifest, schemaVersion: 3 }, /schemaVersion must be 2/],
    [{ ...manifest, layers: undefined }, /manifest\.layers is missing/],
    [
      { ...manifest, layers: [{ ...layer, digest: 'sha256:../../etc' }] },
      /manifest\.layers\[0\]\.digest must be a digest/,
    ],
    [{ ...manifest, layers: [{ ...layer, size: -1 }] }, /negative size/],
    [{ ...manifest, layers: [{ ...layer, size: 2 ** 60 }] }, /size must be an integer/],
    [{ ...manifest, layers: [{ ...layer, size: '1' }] }, /size must be an integer/],
    [{ ...manifest, manifests: [] }, /ambiguous/],
    [manifest, /announced as/, MediaType.dockerManifest],
    [{ ...manifest, mediaType: 'text/html' }, /unsupported manifest media type/],
  ];
  for (const [document, message, mediaType] of cases) {
    assert.throws(
      () => parseManifest(Buffer.from(JSON.stringify(document)), mediaType),
      invalid(message),
      String(message),
    );
  }
  assert.throws(() => parseManifest(Buffer.from('{')), invalid(/not valid JSON/));
  assert.throws(() => parseManifest(Buffer.from([0x7b, 0xff, 0x7d])), invalid(/not valid JSON/));
  assert.throws(() => parseManifest(Buffer.from(`${'['.repeat(1_000_000)}`)), invalid(/not valid JSON/));
  assert.throws(() => parseManifest(Buffer.alloc(MAX_MANIFEST_BYTES + 1, ' ')), invalid(/too large/));
});

test("Docker's schema 1 is refused by name", () => {
  const schema1 = Buffer.from(JSON.stringify({ schemaVersion: 1, name: 'x', fsLayers: [] }));
  const refused = (error: unknown) =>
    isKind(error, 'unsupported') && /schema 1 is not supported/.test(error.message);
  assert.throws(() => parseManifest(schema1), refused);
  assert.throws(() => parseManifest(schema1, MediaType.dockerSchema1Signed), refused);
});

test('any JSON is read or refused, never anything else', () => {
  const part = fc.oneof(fc.jsonValue(), fc.constant(layer), fc.constant([layer]), fc.constant(2));
  const document = fc.record(
    {
      schemaVersion: part,
      mediaType: part,
      config: part,
      layers: part,
      manifests: part,
      rootfs: part,
      history: part,
      annotations: part,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(document, (value) => {
      for (const read of [parseManifest, parseImageConfig]) {
        try {
          read(Buffer.from(JSON.stringify(value)));
        } catch (error) {
          assert.ok(isKind(error, 'invalid') || isKind(error, 'unsupported'), String(error));
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("an image config is read with Go's nulls and Docker's additions", () => {
  const read = parseImageConfig(
    encodeDocument({
      architecture: 'amd64',
      os: 'linux',
      created: '2026-01-02T03:04:05Z',
      container: 'gone',
      config: {
        Hostname: '',
        Env: ['A=b'],
        Cmd: null,
        Entrypoint: 'lone',
        ExposedPorts: { '80/tcp': {} },
        Volumes: null,
        Labels: { a: 'b' },
        Healthcheck: { Test: ['CMD', 'x'], Interval: 1e9 },
      },
      rootfs: { type: 'layers', diff_ids: [digestOf('a')] },
      history: [{ created_by: 'x', empty_layer: true }, { comment: 'y' }],
    }),
  );
  assert.deepEqual(read, {
    architecture: 'amd64',
    os: 'linux',
    created: '2026-01-02T03:04:05Z',
    config: {
      Env: ['A=b'],
      Entrypoint: ['lone'],
      ExposedPorts: { '80/tcp': {} },
      Labels: { a: 'b' },
      Healthcheck: { Test: ['CMD', 'x'], Interval: 1e9 },
    },
    rootfs: { type: 'layers', diff_ids: [digestOf('a')] },
    history: [{ created_by: 'x', empty_layer: true }, { comment: 'y' }],
  });
});

test('an artifact is told from an image', () => {
  assert.throws(() => parseImageConfig(encodeDocument({})), invalid(/no container image/));
  assert.throws(
    () => parseImageConfig(encodeDocument({ rootfs: { type: 'windows' } })),
    invalid(/rootfs.type/),
  );
  assert.throws(
    () => parseImageConfig(encodeDocument({ rootfs: { type: 'layers', diff_ids: ['x'] } })),
    invalid(/diff_ids\[0\]/),
  );
});

test('chain ids are those of the specification', () => {
  const [a, b, c] = [digestOf('a'), digestOf('b'), digestOf('c')];
  const second = digestOf(`${a} ${b}`);
  assert.deepEqual(chainIds([a, b, c]), [a, second, digestOf(`${second} ${c}`)]);
  assert.deepEqual(chainIds([]), []);
});

test('platforms are read, shown and completed', () => {
  const cases: [string, string][] = [
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['linux/armhf', 'linux/arm/v7'],
    ['Windows/AMD64', 'windows/amd64'],
    ['riscv64', 'linux/riscv64'],
  ];
  for (const [text, shown] of cases) assert.equal(formatPlatform(parsePlatform(text)), shown);
  assert.equal(parsePlatform('windows').os, 'windows');
  for (const text of ['', 'a/b/c/d', 'linux//v7', 'linux/a b'])
    assert.throws(() => parsePlatform(text), invalid(/invalid platform/));
});

test('the best platform is chosen', () => {
  const of = (text: string): { platform: Platform } => ({ platform: parsePlatform(text) });
  const offered = [
    'linux/amd64',
    'linux/arm/v5',
    'linux/arm/v6',
    'linux/arm64',
    'linux/amd64/v3',
    'windows/amd64',
  ].map(of);
  const choose = (text: string) =>
    formatPlatform(
      choosePlatform(offered, parsePlatform(text))?.platform ?? { os: 'none', architecture: '' },
    );
  assert.equal(choose('linux/arm/v7'), 'linux/arm/v6');
  assert.equal(choose('linux/arm/v5'), 'linux/arm/v5');
  assert.equal(choose('linux/amd64'), 'linux/amd64');
  assert.equal(choose('linux/amd64/v4'), 'linux/amd64/v3');
  assert.equal(choose('linux/s390x'), 'none');
  assert.equal(matchesPlatform(parsePlatform('linux/arm/v6'), parsePlatform('linux/arm/v7')), false);
  const unnamed = {};
  assert.equal(choosePlatform<{ platform?: Platform }>([unnamed], parsePlatform('linux/amd64')), unnamed);
});
