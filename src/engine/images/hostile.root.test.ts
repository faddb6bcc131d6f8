import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type ErrorKind, isKind } from '#lib/errors';
import { digestOf } from '#oci/digest';
import { encodeDocument, hostPlatform, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, MediaType } from '#oci/image';
import { layerOf, openFixture } from './images.fixture.ts';
import { type Answer, ServedRegistry } from './served-registry.fixture.ts';

// What a registry may do to us: each is an error of its kind, takes little time and memory, and leaves nothing.

const layer = layerOf('file', 'x'.repeat(300_000));

async function open(context: TestContext) {
  const registry = await ServedRegistry.start(context);
  const fixture = await openFixture(context);
  const name = (tag: string) => `${registry.host}/app:${tag}`;
  const nothingStays = async () => {
    assert.deepEqual(fixture.images.list(), []);
    const { blobs, layers } = await fixture.leftOvers();
    assert.deepEqual([blobs, layers], [0, 0]);
  };
  const refuses = async (tag: string, kind: ErrorKind, message: RegExp) => {
    await assert.rejects(
      fixture.images.pull(name(tag), {}),
      (error) => {
        assert.ok(isKind(error, kind) && message.test(error.message), `${tag}: ${String(error)}`);
        return true;
      },
      tag,
    );
    await nothingStays();
  };
  return { registry, ...fixture, name, refuses, nothingStays };
}

/** Never ends. */
const endless = (response: ServerResponse): void => {
  const more = (error?: Error | null): void => {
    if (!error) response.write(Buffer.alloc(65_536), more);
  };
  more();
};

test('layers that are not what they are called', async (context) => {
  const { registry, refuses } = await open(context);
  registry.image([layer], 'v1');
  const answers: [Answer, ErrorKind, RegExp][] = [
    [(_, response) => response.end(Buffer.alloc(layer.length)), 'invalid', /verification failed: expected/],
    [
      (_, response) => response.end(layer.subarray(0, 100)),
      'invalid',
      /wrong size: expected \d+ bytes, got 100/,
    ],
    [(_, response) => endless(response.writeHead(200)), 'invalid', /wrong size: .* or more/],
    [(_, response) => response.writeHead(404).end(), 'not-found', /blob unknown/],
    [
      ({ url }, response) => response.writeHead(302, { location: url }).end(),
      'unavailable',
      /redirects without end/,
    ],
    [
      (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'unavailable',
      /redirects to file:/,
    ],
    [
      (_, response) => response.writeHead(302, { location: 'http://me:secret@127.0.0.1/x' }).end(),
      'unavailable',
      /redirects to 127\.0\.0\.1 with credentials in the URL/,
    ],
  ];
  for (const [answer, kind, message] of answers) {
    registry.answers.set(`GET /v2/app/blobs/${digestOf(layer)}`, answer);
    await refuses('v1', kind, message);
  }
});

test('documents that are too large, too deep, too many or no images', async (context) => {
  const { registry, refuses } = await open(context);
  const plain = registry.document([layer]);
  const manifest = (tag: string, more: object) => registry.manifest({ ...plain, ...more }, tag);
  const index = (manifests: readonly object[], tag?: string) =>
    registry.manifest({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }, tag);
  const platform = hostPlatform();
  const one = registry.manifest(plain);

  const [blob] = plain.layers;
  const of = (count: number) => {
    const diff_ids = Array.from({ length: count }, () => blob?.digest);
    const config = encodeDocument({ ...platform, rootfs: { type: 'layers', diff_ids } });
    manifest(`${count}-layers`, {
      config: registry.blob(config, MediaType.ociConfig),
      layers: diff_ids.map(() => blob),
    });
    return `${count}-layers`;
  };
  await refuses(of(10_000), 'invalid', /config has 10000 layers/);
  await refuses(of(501), 'unsupported', /has 501 layers: at most 500/);
  manifest('huge-layer', { layers: [{ ...registry.blob(layer), size: 2 ** 52 }] });
  await refuses('huge-layer', 'unsupported', /layer sha256:\w+ is too large/);
  manifest('huge-config', { config: { ...plain.config, size: MAX_CONFIG_BYTES + 1 } });
  await refuses('huge-config', 'invalid', /image config .* is too large/);
  manifest('other-size', { config: { ...plain.config, size: plain.config.size - 1 } });
  await refuses('other-size', 'invalid', /wrong size/);
  manifest('fewer', { layers: [] });
  await refuses('fewer', 'invalid', /names 1 layers, but its manifest has 0/);
  manifest('artifact', {
    artifactType: 'application/vnd.example.chart',
    config: registry.blob(Buffer.from('{}'), MediaType.ociEmpty),
  });
  await refuses(
    'artifact',
    'unsupported',
    /no container image but an artifact of type application\/vnd\.example\.chart/,
  );

  let nested = index([{ ...one, platform }]);
  for (let depth = 0; depth < 10; depth++) nested = index([{ ...nested, platform }], 'deep');
  await refuses('deep', 'invalid', /nested too deeply/);
  index([{ ...one, size: one.size + 1, platform }], 'child-size');
  await refuses('child-size', 'invalid', /wrong size/);
  index([{ ...one, mediaType: MediaType.dockerManifest, platform }], 'child-type');
  await refuses('child-type', 'invalid', /its index says|announced as/);
  index([], 'empty');
  await refuses('empty', 'not-found', /no matching manifest for/);

  const serve = (tag: string, answer: Answer) => registry.answers.set(`GET /v2/app/manifests/${tag}`, answer);
  const headers = { 'content-type': MediaType.ociIndex };
  // An index cannot have its own digest in it; a registry can say so.
  const self = digestOf('self');
  const pointing: Answer = (_, response) =>
    response.writeHead(200, headers).end(
      encodeDocument({
        schemaVersion: 2,
        mediaType: MediaType.ociIndex,
        manifests: [{ mediaType: MediaType.ociIndex, digest: self, size: 300, platform }],
      }),
    );
  serve('self', pointing);
  serve(self, pointing);
  await refuses('self', 'invalid', /manifest verification failed: expected digest/);
  serve('endless', (_, response) => endless(response.writeHead(200, headers)));
  await refuses('endless', 'invalid', /is larger than 4194304 bytes/);
  serve('huge', (_, response) => {
    response.writeHead(200, { ...headers, 'content-length': MAX_MANIFEST_BYTES + 1 });
    response.write('{');
  });
  await refuses('huge', 'invalid', /manifest huge is too large/);
  serve('nest', (_, response) => response.writeHead(200, headers).end('['.repeat(4_000_000)));
  await refuses('nest', 'invalid', /not valid JSON/);
  serve('old', (_, response) =>
    response.writeHead(200, { 'content-type': MediaType.dockerSchema1Signed }).end('{"schemaVersion":1}'),
  );
  await refuses('old', 'unsupported', /schema 1 is not supported/);
});

test('a registry that says nothing more is left when its client is', async (context) => {
  const { registry, images, name, nothingStays } = await open(context);
  registry.image([layer], 'v1');
  const asked = Promise.withResolvers<void>();
  registry.answers.set(`GET /v2/app/blobs/${digestOf(layer)}`, (_, response) => {
    response.writeHead(200).write(layer.subarray(0, 1000), () => asked.resolve());
  });
  const controller = new AbortController();
  const pull = images.pull(name('v1'), { signal: controller.signal });
  pull.catch(() => {});
  await asked.promise;
  controller.abort();
  await assert.rejects(pull, (error) => isKind(error, 'cancelled'));
  await nothingStays();
});

test('a tag that moves while it is pulled: the image is that which the tag was', async (context) => {
  const { registry, images, name } = await open(context);
  const before = registry.image([layer], 'v1');
  const { config } = registry.document([layer]);
  registry.answers.set(`GET /v2/app/blobs/${config.digest}`, (request, response) => {
    registry.image([layerOf('other')], 'v1');
    registry.sendBlob(config.digest, request, response);
  });
  const image = await images.pull(name('v1'), {});
  assert.equal(image.manifest?.digest, before.digest);
  assert.deepEqual(image.digests, [`${registry.host}/app@${before.digest}`]);
  registry.answers.clear();
  assert.notEqual((await images.pull(name('v1'), {})).id, image.id);
});

test('layers come in every form, and what is called one and is another', async (context) => {
  const { registry, images, name } = await open(context);
  const layers = ['plain', 'gzip', 'zstd', 'misnamed'].map((path) => layerOf(path));
  const [plain, gzip, zstd, misnamed] = layers;
  assert.ok(plain && gzip && zstd && misnamed);
  registry.manifest(
    {
      ...registry.document(layers),
      layers: [
        registry.blob(plain),
        registry.blob(gzipSync(gzip), MediaType.ociLayerGzip),
        registry.blob(zstdCompressSync(zstd), MediaType.ociLayerZstd),
        registry.blob(zstdCompressSync(misnamed), MediaType.dockerLayerGzip),
      ],
    },
    'v1',
  );
  assert.equal((await images.pull(name('v1'), {})).layers.length, 4);
});

test('a foreign layer comes from where it lies, and its server is shown nothing of ours', async (context) => {
  const { registry, images, name } = await open(context);
  const elsewhere = await ServedRegistry.start(context);
  const seen: (string | undefined)[] = [];
  elsewhere.answers.set('GET /layer', ({ headers }, response) => {
    seen.push(headers.authorization);
    response.end(layer);
  });
  registry.image([layer], 'v1', {
    mediaType: MediaType.dockerForeignLayer,
    urls: [
      'ftp://x/y',
      'http://me:secret@127.0.0.1/',
      `http://${elsewhere.host}/gone`,
      `http://${elsewhere.host}/layer`,
    ],
  });
  registry.answers.set(`GET /v2/app/blobs/${digestOf(layer)}`, (_, response) =>
    response.writeHead(404).end(),
  );
  const image = await images.pull(name('v1'), { auth: { registryToken: 'secret' } });
  assert.equal(image.layers.length, 1);
  assert.deepEqual(elsewhere.log, ['GET /gone', 'GET /layer']);
  assert.deepEqual(seen, [undefined]);
});

test('what is attested of an image comes with it, and goes with it', async (context) => {
  const { registry, images, name } = await open(context);
  const target = await ServedRegistry.start(context);
  const one = registry.manifest(registry.document([layer]));
  const statement = Buffer.from('{"predicateType":"https://slsa.dev/provenance/v1"}');
  const attestation = registry.manifest({
    ...registry.document([]),
    layers: [
      {
        ...registry.blob(statement, 'application/vnd.in-toto+json'),
        annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' },
      },
    ],
  });
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': one.digest,
  };
  const unknown = { os: 'unknown', architecture: 'unknown' };
  const index = {
    schemaVersion: 2,
    mediaType: MediaType.ociIndex,
    manifests: [
      { ...one, platform: hostPlatform() },
      { ...attestation, platform: unknown, annotations },
    ],
  };
  const root = registry.manifest(index, 'v1');
  await images.pull(name('v1'), {});
  const [found] = await images.attestations(name('v1'), { types: [], withStatement: true });
  assert.equal(found?.statement, statement.toString());
  // Pushed whole: the same digest.
  const pushed = `${target.host}/app:v1`;
  images.tag(name('v1'), pushed);
  target.answers.set('POST', (_, response) =>
    response.writeHead(202, { location: '/v2/app/blobs/uploads/1' }).end(),
  );
  for (const method of ['PATCH', 'PUT'])
    target.answers.set(method, (request, response) => {
      request.resume().on('end', () => response.writeHead(method === 'PATCH' ? 202 : 201).end());
    });
  assert.equal((await images.push(pushed, {})).digest, root.digest);
  assert.equal(target.requests(/^PUT .*\/manifests\//).length, 3);
});
