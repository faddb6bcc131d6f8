import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isKind } from '#lib/errors';
import { type Digest, digestOf } from '#oci/digest';
import {
  type Descriptor,
  encodeDocument,
  hostPlatform,
  isIndex,
  MediaType,
  parseImageConfig,
  parseManifest,
} from '#oci/image';
import { parseReference } from '#oci/reference';
import { TAR_END, tarHeader, tarPadding } from '#oci/tar';
import { explainRefusal, Remote } from './index.ts';
import { DockerRegistry } from './testing/docker-registry.ts';

// Against the registry that Debian ships, filled and read by skopeo.
const missing = ['/usr/bin/docker-registry', '/usr/bin/skopeo'].filter((tool) => !existsSync(tool));
const skip = missing.length > 0 && `not installed: ${missing.join(', ')}`;

const body = Buffer.alloc(300_000, 'layer');
const tar = Buffer.concat([
  tarHeader({ path: 'file', type: 'file', size: body.length }),
  body,
  tarPadding(body.length),
  TAR_END,
]);
const blobs = new Map<Digest, Buffer>();
const add = (mediaType: string, content: Buffer): Descriptor => {
  blobs.set(digestOf(content), content);
  return { mediaType, digest: digestOf(content), size: content.length };
};
const layer = add(MediaType.ociLayerGzip, gzipSync(tar));
const config = add(
  MediaType.ociConfig,
  encodeDocument({ ...hostPlatform(), rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } }),
);
const manifest = encodeDocument({
  schemaVersion: 2,
  mediaType: MediaType.ociManifest,
  config,
  layers: [layer],
});
const image: Descriptor = {
  mediaType: MediaType.ociManifest,
  digest: digestOf(manifest),
  size: manifest.length,
};
const open = (descriptor: Descriptor) => () =>
  Readable.from([blobs.get(descriptor.digest) ?? Buffer.alloc(0)]);

const skopeo = (...args: string[]): string =>
  execFileSync('skopeo', ['--insecure-policy', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

describe('Debian docker-registry', { skip }, () => {
  let registry: DockerRegistry;
  let scratch = '';
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'berth-remote-'));
    registry = await DockerRegistry.start();
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true, force: true });
  });
  const repositoryOf = (path: string) =>
    Remote.repository(parseReference(`127.0.0.1:${registry.port}/${path}`), { retryDelay: 1 });

  test('an image is pushed, read back by skopeo and by us, mounted elsewhere', async () => {
    await using repository = repositoryOf('me/app');
    await repository.ping();
    for (const descriptor of [layer, config]) {
      assert.equal(await repository.hasBlob(descriptor.digest), false);
      await repository.pushBlob(descriptor, open(descriptor));
      assert.equal(await repository.hasBlob(descriptor.digest), true);
    }
    assert.equal(await repository.pushManifest('1', image.mediaType, manifest), image.digest);
    const host = { ...image, platform: hostPlatform() };
    const index = encodeDocument({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [host] });
    await repository.pushManifest('multi', MediaType.ociIndex, index);

    const inspected = JSON.parse(
      skopeo('inspect', '--tls-verify=false', `docker://127.0.0.1:${registry.port}/me/app:multi`),
    );
    assert.deepEqual(inspected.Layers, [layer.digest]);
    assert.deepEqual(await repository.resolve('1'), image);
    assert.equal((await repository.resolve('multi')).mediaType, MediaType.ociIndex);
    assert.deepEqual(await repository.manifest(image.digest), { descriptor: image, content: manifest });
    assert.ok((await buffer(repository.blob(layer))).equals(blobs.get(layer.digest) ?? Buffer.alloc(0)));
    assert.ok(
      (await buffer(repository.blob(layer, { offset: 100 }))).equals(
        blobs.get(layer.digest)?.subarray(100) ?? Buffer.alloc(0),
      ),
    );
    assert.deepEqual((await repository.tags()).sort(), ['1', 'multi']);

    await using other = repositoryOf('other');
    assert.equal(await other.mountBlob(layer.digest, 'me/app'), true);
    assert.equal(await other.hasBlob(layer.digest), true);
    assert.equal(await other.mountBlob(digestOf('nothing'), 'me/app'), false);
    await assert.rejects(
      other.pushManifest('1', image.mediaType, manifest),
      (error) => isKind(error, 'invalid') || isKind(error, 'not-found'),
    );
  });

  test('an upload whose line is cut in the middle arrives all the same', async () => {
    const content = Buffer.alloc(3_000_000, 'cut');
    const descriptor = add(MediaType.ociLayer, content);
    let cuts = 0;
    const line = createServer((socket) => {
      const onward = connect(registry.port, '127.0.0.1');
      let length = 0;
      socket
        .on('error', () => {})
        .on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > 2_000_000 && cuts++ === 0) socket.destroy();
          else onward.write(chunk);
        });
      socket.on('close', () => onward.end());
      onward.on('error', () => {}).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(line, 'listening');
    const { port } = line.address() as AddressInfo;
    await using repository = Remote.repository(parseReference(`127.0.0.1:${port}/cut`), { retryDelay: 50 });
    const starts: number[] = [];
    await repository.pushBlob(descriptor, ({ start, end }) => {
      starts.push(start);
      return Readable.from([content.subarray(start, end)]);
    });
    // It keeps nothing of a request that it has not heard to its end.
    assert.deepEqual(starts, [0, 0]);
    assert.ok((await buffer(repository.blob(descriptor))).equals(content));
    line.close();
  });

  test('what skopeo pushed is pulled, in both formats', async () => {
    const layout = join(scratch, 'layout');
    execFileSync('mkdir', ['-p', join(layout, 'blobs', 'sha256')]);
    for (const [digest, content] of [...blobs, [image.digest, manifest] as const]) {
      await writeFile(join(layout, 'blobs', 'sha256', digest.slice(7)), content);
    }
    await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [image] }));
    for (const [format, type] of [
      ['oci', MediaType.ociManifest],
      ['v2s2', MediaType.dockerManifest],
    ] as const) {
      skopeo(
        'copy',
        '--quiet',
        '--dest-tls-verify=false',
        '--format',
        format,
        `oci:${layout}`,
        `docker://127.0.0.1:${registry.port}/from/skopeo:${format}`,
      );
      await using repository = repositoryOf('from/skopeo');
      const fetched = await repository.manifest(format);
      assert.equal(fetched.descriptor.mediaType, type);
      const document = parseManifest(fetched.content, type);
      assert.ok(!isIndex(document));
      assert.deepEqual(parseImageConfig(await buffer(repository.blob(document.config))).rootfs.diff_ids, [
        digestOf(tar),
      ]);
      for (const one of document.layers) assert.equal((await buffer(repository.blob(one))).length, one.size);
    }
  });

  test('what is not there is said in the words of Docker', async () => {
    await using repository = repositoryOf('me/app');
    const reference = parseReference(`127.0.0.1:${registry.port}/me/app:nope`);
    await assert.rejects(repository.manifest('nope'), (error) => {
      const explained = explainRefusal(error, reference, 'pull');
      const message = `manifest for 127.0.0.1:${registry.port}/me/app:nope not found: manifest unknown: manifest unknown`;
      assert.equal(explained instanceof Error && explained.message, message);
      return isKind(error, 'not-found');
    });
    await assert.rejects(repository.resolve('nope'), (error) => isKind(error, 'not-found'));
    await assert.rejects(buffer(repository.blob({ ...layer, digest: digestOf('nothing') })), (error) =>
      isKind(error, 'not-found'),
    );
    await using nobody = repositoryOf('no/body');
    await assert.rejects(
      nobody.tags(),
      (error) => isKind(error, 'not-found') && /name unknown/.test(error.message),
    );
  });
});

test('basic authentication with Debian docker-registry', { skip }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-htpasswd-'));
  const htpasswd = join(directory, 'htpasswd');
  // me:secret
  await writeFile(htpasswd, 'me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n');
  await using registry = await DockerRegistry.start({
    sections: `auth:\n  htpasswd:\n    realm: test\n    path: ${htpasswd}`,
  });
  const reference = parseReference(`127.0.0.1:${registry.port}/app`);
  await using nobody = Remote.repository(reference, { retryDelay: 1 });
  await assert.rejects(
    nobody.ping(),
    (error) => isKind(error, 'unauthorized') && /authentication required/.test(error.message),
  );
  await using wrong = Remote.repository(reference, {
    retryDelay: 1,
    auth: { username: 'me', password: 'wrong' },
  });
  await assert.rejects(wrong.ping(), (error) => isKind(error, 'unauthorized'));
  await using me = Remote.repository(reference, {
    retryDelay: 1,
    auth: { username: 'me', password: 'secret' },
  });
  await me.ping();
  await me.pushBlob(config, open(config));
  assert.equal(await me.hasBlob(config.digest), true);
  await rm(directory, { recursive: true });
});

test('certificates are checked, unless the registry is called insecure', { skip }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'berth-tls-'));
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  // 0.0.0.0 reaches this host but is no loopback address, for which certificates would not matter.
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=registry',
      '-addext',
      'subjectAltName=IP:0.0.0.0',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  await using registry = await DockerRegistry.start({
    tls: `  tls:\n    certificate: ${cert}\n    key: ${key}`,
  });
  const reference = parseReference(`0.0.0.0:${registry.port}/app`);
  await using trusting = Remote.repository(reference, { retryDelay: 1, ca: readFileSync(cert) });
  await trusting.ping();
  await using strict = Remote.repository(reference, { retryDelay: 1 });
  await assert.rejects(
    strict.ping(),
    (error) => isKind(error, 'unavailable') && /failed to verify certificate/.test(error.message),
  );
  await using careless = Remote.repository(reference, { retryDelay: 1, insecure: true });
  await careless.ping();
  await using loopback = Remote.repository(parseReference(`127.0.0.1:${registry.port}/app`), {
    retryDelay: 1,
  });
  await loopback.ping();
  await rm(directory, { recursive: true });
});
