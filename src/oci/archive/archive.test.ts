import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isKind } from '#lib/errors';
import { type Digest, DigestMismatchError, digestOf, hexOf, SizeMismatchError } from '#oci/digest';
import {
  type Descriptor,
  encodeDocument,
  formatPlatform,
  hostPlatform,
  type ImageConfig,
  isIndex,
  layerType,
  MediaType,
  type Platform,
  parseImageConfig,
  parseManifest,
} from '#oci/image';
import { canonicalName, familiarName, parseReference } from '#oci/reference';
import { TAR_END, tarHeader, tarPadding } from '#oci/tar';
import { type Archive, type ArchiveImage, readArchive, type Spool, writeArchive } from './index.ts';

const member = (path: string, content: Buffer | string): Buffer => {
  const body = Buffer.from(content);
  return Buffer.concat([
    tarHeader({ path, type: 'file', mode: 0o644, size: body.length }),
    body,
    tarPadding(body.length),
  ]);
};
const link = (path: string, target: string, type: 'symlink' | 'link' = 'symlink') =>
  tarHeader({ path, type, link: target });
const archiveOf = (...members: Buffer[]): Buffer => Buffer.concat([...members, TAR_END]);
const layerTar = (text: string): Buffer => archiveOf(member('file', text));

/** Images made in memory: blobs by digest. */
class Shelf {
  readonly blobs = new Map<Digest, Buffer>();

  add(mediaType: string, content: Buffer): Descriptor {
    const digest = digestOf(content);
    this.blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  }

  image(
    texts: readonly string[],
    compression: 'none' | 'gzip' | 'zstd' = 'none',
    platform: Platform = hostPlatform(),
  ): Descriptor {
    const tars = texts.map(layerTar);
    const config: ImageConfig = {
      ...platform,
      rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) },
    };
    const pack = {
      none: (tar: Buffer) => tar,
      gzip: (tar: Buffer) => gzipSync(tar),
      zstd: (tar: Buffer) => zstdCompressSync(tar),
    }[compression];
    const layers = tars.map((tar) => this.add(layerType(compression), pack(tar)));
    const manifest = {
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: this.add(MediaType.ociConfig, encodeDocument(config)),
      layers,
    };
    return this.add(MediaType.ociManifest, encodeDocument(manifest));
  }

  index(images: readonly (readonly [Descriptor, Platform])[]): Descriptor {
    const manifests = images.map(([image, platform]) => ({ ...image, platform }));
    return this.add(
      MediaType.ociIndex,
      encodeDocument({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }),
    );
  }

  open = async ({ digest }: Descriptor): Promise<AsyncIterable<Uint8Array> | undefined> => {
    const content = this.blobs.get(digest);
    return content && Readable.from([content.subarray(0, 10), content.subarray(10)]);
  };

  write(...images: ArchiveImage[]): Promise<Buffer> {
    return buffer(writeArchive(images, this));
  }
}

const memorySpool: Spool = async (_name, content) => {
  const stored = await buffer(content);
  return { open: () => Readable.from([stored]) };
};
const read = (content: Buffer): Promise<Archive> =>
  readArchive(
    Readable.from(content.length > 3000 ? [content.subarray(0, 1700), content.subarray(1700)] : [content]),
    memorySpool,
  );
const blobOf = (archive: Archive, digest: Digest): Promise<Buffer> => buffer(archive.open(digest));

/** Names and the unpacked layers of each image. */
async function summary(archive: Archive): Promise<Record<string, number>[]> {
  const seen: Record<string, number>[] = [];
  for (const { references, root } of archive.images) {
    const manifest = parseManifest(await blobOf(archive, root.digest), root.mediaType);
    assert.ok(!isIndex(manifest));
    const config = parseImageConfig(await blobOf(archive, manifest.config.digest));
    assert.equal(config.rootfs.diff_ids.length, manifest.layers.length);
    for (const layer of manifest.layers)
      assert.equal((await blobOf(archive, layer.digest)).length, layer.size);
    seen.push({ [references.map(familiarName).join(' ')]: manifest.layers.length });
  }
  return seen;
}

test('what is written is read again, content and names alike', async () => {
  const shelf = new Shelf();
  const one = {
    root: shelf.image(['a', 'b'], 'gzip'),
    references: [parseReference('one:1'), parseReference('localhost:5000/me/one:2')],
  };
  const two = { root: shelf.image(['a'], 'zstd'), references: [] };
  const three = { root: shelf.image(['c']), references: [parseReference('me/three:latest')] };
  const saved = await shelf.write(one, two, three);
  assert.ok(saved.equals(await shelf.write(one, two, three)));
  for (const form of [saved, gzipSync(saved), zstdCompressSync(saved)]) {
    const archive = await read(form);
    assert.deepEqual(await summary(archive), [
      { 'one:1 localhost:5000/me/one:2': 2 },
      { '': 1 },
      { 'me/three:latest': 1 },
    ]);
    assert.deepEqual(
      archive.images.map(({ root }) => root),
      [one.root, two.root, three.root],
    );
    assert.deepEqual([...archive.blobs.keys()].sort(), [...shelf.blobs.keys()].sort());
    for (const [digest, content] of shelf.blobs) assert.ok((await blobOf(archive, digest)).equals(content));
    assert.throws(
      () => archive.open(digestOf('nothing')),
      (error) => isKind(error, 'not-found'),
    );
  }
});

test('an index stays whole; platforms that are not there are left out', async () => {
  const shelf = new Shelf();
  const host = hostPlatform();
  const foreign = { os: 'linux', architecture: 's390x' };
  const [here, there, absent] = [
    shelf.image(['h'], 'gzip'),
    shelf.image(['f'], 'gzip', foreign),
    shelf.image(['x']),
  ];
  const root = shelf.index([
    [there, foreign],
    [here, host],
    [absent, { os: 'windows', architecture: 'amd64' }],
    [
      { mediaType: 'application/x-other', digest: digestOf('other'), size: 1 },
      { os: 'unknown', architecture: 'unknown' },
    ],
  ]);
  shelf.blobs.delete(absent.digest);
  const saved = await shelf.write({ root, references: [parseReference('multi:1')] });
  const archive = await read(saved);
  assert.deepEqual(archive.images, [{ root, references: [parseReference('multi:1')] }]);
  for (const digest of [root.digest, here.digest, there.digest]) assert.ok(archive.blobs.has(digest));
  // Readers of docker's manifest.json get the host's platform.
  const text = saved.toString('latin1');
  const configs = [...text.matchAll(/"Config":"blobs\/sha256\/([0-9a-f]+)"/g)].map(([, hex]) => hex);
  const manifest = parseManifest(shelf.blobs.get(here.digest) ?? Buffer.alloc(0));
  assert.ok(!isIndex(manifest));
  assert.deepEqual(configs, [hexOf(manifest.config.digest)], formatPlatform(host));
});

test('what is incomplete is not written', async () => {
  const shelf = new Shelf();
  const root = shelf.image(['a']);
  const [layer] = [...shelf.blobs.keys()];
  shelf.blobs.delete(layer as Digest);
  await assert.rejects(
    shelf.write({ root, references: [] }),
    (error) => isKind(error, 'invalid') && /is not here/.test(error.message),
  );
  await assert.rejects(
    shelf.write({ root: { ...root, digest: digestOf('x') }, references: [] }),
    /is not here/,
  );
  shelf.blobs.set(layer as Digest, Buffer.alloc(2048, 1));
  await assert.rejects(shelf.write({ root, references: [] }), DigestMismatchError);
});

const layer = layerTar('x');
const config = encodeDocument({
  ...hostPlatform(),
  rootfs: { type: 'layers', diff_ids: [digestOf(layer), digestOf(layer)] },
});
const configName = `${hexOf(digestOf(config))}.json`;
const id = (digit: string) => digit.repeat(64);

test('docker save of old versions: layer.tar, links between images, members in any order', async () => {
  const manifest = JSON.stringify([
    {
      Config: configName,
      RepoTags: ['old:1', 'old:2'],
      Layers: [`${id('1')}/layer.tar`, `${id('2')}/layer.tar`],
    },
  ]);
  const members = [
    member('manifest.json', manifest),
    member('repositories', '{}'),
    link(`${id('2')}/layer.tar`, `../${id('1')}/layer.tar`),
    tarHeader({ path: id('1'), type: 'directory' }),
    member(`${id('1')}/json`, '{}'),
    member(`${id('1')}/VERSION`, '1.0'),
    member(`./${id('1')}/layer.tar`, layer),
    member(configName, config),
  ];
  for (const order of [members, [...members].reverse()]) {
    const archive = await read(archiveOf(...order));
    assert.deepEqual(await summary(archive), [{ 'old:1 old:2': 2 }]);
    assert.equal(archive.blobs.size, 3);
  }
  const hard = members.map((one, at) =>
    at === 2 ? link(`${id('2')}/layer.tar`, `${id('1')}/layer.tar`, 'link') : one,
  );
  assert.deepEqual(await summary(await read(archiveOf(...hard))), [{ 'old:1 old:2': 2 }]);
});

test('compressed layers of a docker archive keep their form', async () => {
  const compressed = gzipSync(layer);
  const manifest = JSON.stringify([
    { Config: configName, RepoTags: null, Layers: ['a.tar.gz', 'b.tar.zst'] },
  ]);
  const archive = await read(
    archiveOf(
      member('manifest.json', manifest),
      member(configName, config),
      member('a.tar.gz', compressed),
      member('b.tar.zst', zstdCompressSync(layer)),
    ),
  );
  const [image] = archive.images;
  assert.deepEqual(image?.references, []);
  const made = parseManifest(await blobOf(archive, image?.root.digest ?? digestOf('')));
  assert.ok(!isIndex(made));
  assert.deepEqual(
    made.layers.map(({ mediaType }) => mediaType),
    [MediaType.ociLayerGzip, MediaType.ociLayerZstd],
  );
  assert.equal(made.config.digest, digestOf(config));
});

test('names in an OCI index: whole ones are taken, lone tags are not', async () => {
  const shelf = new Shelf();
  const root = shelf.image(['a']);
  const entry = (annotations: Record<string, string>) => ({ ...root, annotations });
  const index = {
    schemaVersion: 2,
    manifests: [
      entry({ 'org.opencontainers.image.ref.name': 'latest' }),
      entry({ 'org.opencontainers.image.ref.name': 'me/app:1' }),
      entry({
        'io.containerd.image.name': 'docker.io/library/app:2',
        'org.opencontainers.image.ref.name': '2',
      }),
      entry({ 'org.opencontainers.image.ref.name': 'NOT/a name' }),
    ],
  };
  const blobs = [...shelf.blobs].map(([digest, content]) => member(`blobs/sha256/${hexOf(digest)}`, content));
  const archive = await read(
    archiveOf(
      member('index.json', JSON.stringify(index)),
      ...blobs,
      member('oci-layout', '{"imageLayoutVersion": "1.0.0"}'),
    ),
  );
  assert.deepEqual(
    archive.images.map(({ references }) => references.map(canonicalName)),
    [['docker.io/me/app:1', 'docker.io/library/app:2']],
  );
});

const invalid = (message: RegExp) => (error: unknown) =>
  isKind(error, 'invalid') && message.test(error.message);

test('broken and hostile archives are refused with the cause', async () => {
  const manifest = (image: object) =>
    member(
      'manifest.json',
      JSON.stringify([{ Config: configName, RepoTags: [], Layers: ['l', 'l'], ...image }]),
    );
  const whole = [member(configName, config), member('l', layer)];
  const cases: [string, Buffer, RegExp][] = [
    ['no archive', Buffer.from('hello world'.repeat(100)), /broken tar archive/],
    ['truncated', archiveOf(...whole, manifest({})).subarray(0, 1200), /truncated/],
    ['truncated gzip', gzipSync(archiveOf(...whole, manifest({}))).subarray(0, 100), /damaged or truncated/],
    ['empty', archiveOf(), /neither a manifest.json nor an OCI index.json/],
    ['no json', archiveOf(member('manifest.json', '{')), /not valid JSON/],
    ['no list', archiveOf(member('manifest.json', '{}')), /must be a list/],
    ['no config name', archiveOf(manifest({ Config: 1 })), /without Config/],
    ['bad tags', archiveOf(manifest({ RepoTags: [1] })), /RepoTags .* list of strings/],
    ['bad tag', archiveOf(manifest({ RepoTags: ['A:b'] }), ...whole), /must be lowercase/],
    ['missing config', archiveOf(manifest({})), /incomplete/],
    [
      'missing layer',
      archiveOf(manifest({ Layers: ['l', 'm'] }), ...whole),
      /"m", which its manifest.json names, is not in it/,
    ],
    [
      'layer count',
      archiveOf(manifest({ Layers: ['l'] }), ...whole),
      /layers length mismatch: expected 2, got 1/,
    ],
    ['config is no config', archiveOf(manifest({ Config: 'l' }), ...whole), /not valid JSON/],
    [
      'config outside',
      archiveOf(manifest({ Config: '../../etc/passwd' }), ...whole),
      /"\.\." is not allowed/,
    ],
    ['member outside', archiveOf(member('../x', 'y')), /"\.\." is not allowed/],
    ['link outside', archiveOf(link('x', '../../etc/passwd')), /leads outside/],
    [
      'link loop',
      archiveOf(manifest({ Layers: ['a', 'b'] }), ...whole, link('a', 'b'), link('b', 'a')),
      /loop of links/,
    ],
    [
      'wrong digest',
      archiveOf(member(`blobs/sha256/${hexOf(digestOf('x'))}`, 'y')),
      /expected digest sha256:2d71/,
    ],
    ['bad digest', archiveOf(member('blobs/sha256/nonsense', 'y')), /digest length/],
    ['no layout', archiveOf(member('oci-layout', '{}'), member('index.json', '{}')), /imageLayoutVersion/],
    [
      'new layout',
      archiveOf(member('oci-layout', '{"imageLayoutVersion":"2.0"}'), member('index.json', '{}')),
      /version 2.0 is not supported/,
    ],
  ];
  for (const [name, content, message] of cases) await assert.rejects(read(content), invalid(message), name);
  await assert.rejects(read(archiveOf(member('repositories', '{}'))), (error) =>
    isKind(error, 'unsupported'),
  );
});

test('an OCI layout that lies is refused', async () => {
  const shelf = new Shelf();
  const root = shelf.image(['a']);
  const blobs = [...shelf.blobs].map(([digest, content]) => member(`blobs/sha256/${hexOf(digest)}`, content));
  const layout = (entry: object, content = blobs) =>
    archiveOf(
      member('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
      member('index.json', JSON.stringify({ schemaVersion: 2, manifests: [entry] })),
      ...content,
    );
  assert.equal((await read(layout(root))).images.length, 1);
  await assert.rejects(read(layout({ ...root, size: root.size + 1 })), SizeMismatchError);
  await assert.rejects(read(layout(root, blobs.slice(1))), invalid(/incomplete/));
  await assert.rejects(read(layout({ ...root, digest: digestOf('other') })), invalid(/incomplete/));
  await assert.rejects(read(layout({ ...root, mediaType: MediaType.ociLayer })), invalid(/no image/));
  await assert.rejects(
    read(layout({ ...root, mediaType: MediaType.ociIndex })),
    invalid(/manifest says it is/),
  );
});

test('a spool that does not read its member to the end is found out, and its failure passed on', async () => {
  const content = archiveOf(member('a', 'x'.repeat(100)));
  await assert.rejects(
    readArchive(Readable.from([content]), async () => ({ open: () => Readable.from([]) })),
    /not stored to its end/,
  );
  const full = async () => {
    throw new Error('disk full');
  };
  await assert.rejects(readArchive(Readable.from([content]), full), /disk full/);
});

let scratch = '';
before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'berth-archive-'));
});
after(() => rmSync(scratch, { recursive: true, force: true }));

test('skopeo reads what we write, and we read what it writes', {
  skip: !existsSync('/usr/bin/skopeo') && 'skopeo is not installed',
}, async () => {
  const shelf = new Shelf();
  const root = shelf.image(['a', 'b', 'a'], 'gzip');
  const ours = join(scratch, 'ours.tar');
  writeFileSync(ours, await shelf.write({ root, references: [parseReference('app:1')] }));
  const copies = [
    [`docker-archive:${ours}`, 'docker-archive', ':other/name:2'],
    [`oci-archive:${ours}`, 'oci-archive', ':third:3'],
    [`oci-archive:${ours}:1`, 'docker-archive', ':x:4'],
    [`docker-archive:${ours}:app:1`, 'oci-archive', ''],
  ] as const;
  for (const [index, [from, form, name]] of copies.entries()) {
    const file = join(scratch, `${index}.tar`);
    execFileSync('skopeo', ['--insecure-policy', 'copy', '--quiet', from, `${form}:${file}${name}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = await read(readFileSync(file));
    assert.deepEqual(await summary(archive), [{ [name.slice(1)]: 3 }]);
  }
});
