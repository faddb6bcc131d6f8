import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isKind } from '#lib/errors';
import { digestOf } from '#oci/digest';
import { dockerArchive, layerOf, openFixture, tarOf } from './images.fixture.ts';

const nothing = { blobs: 0, layers: 0, temporary: 0 };
const base = layerOf('base', 'x'.repeat(1000));

test('a docker archive is loaded, listed, inspected and found by all its names', async (context) => {
  const { images, load, events } = await openFixture(context);
  const archive = dockerArchive([
    {
      tags: ['app:1', 'localhost:5000/me/app:2'],
      layers: [base, layerOf('top')],
      config: {
        Env: ['A=1'],
        Cmd: ['sh'],
        ExposedPorts: { '80/tcp': {} },
        Labels: { who: 'me' },
        Healthcheck: { Test: ['CMD', 'true'], Interval: 5_000_000_000 },
      },
      history: [
        { created: '2024-01-01T00:00:00Z', created_by: 'ADD base' },
        { created: '2024-01-01T00:00:01Z', created_by: 'ENV A=1', empty_layer: true },
        { created: '2024-01-01T00:00:02Z', created_by: 'ADD top', comment: 'last' },
      ],
    },
  ]);
  const { loaded, progress } = await load(archive);
  assert.deepEqual(loaded, ['app:1', 'localhost:5000/me/app:2']);
  assert.deepEqual(
    progress.filter(({ id }) => id === undefined).map(({ status }) => status),
    ['Loaded image: app:1', 'Loaded image: localhost:5000/me/app:2'],
  );
  assert.ok(progress.some(({ status, current, total }) => status === 'Loading layer' && current === total));
  const image = images.get('app:1');
  assert.deepEqual(image.tags, ['app:1', 'localhost:5000/me/app:2']);
  assert.equal(image.size, 1003);
  assert.deepEqual(image.config.exposedPorts, ['80/tcp']);
  assert.equal(image.config.healthcheck?.interval, 5_000_000_000);
  assert.equal(image.layers.length, 2);
  for (const name of [
    'docker.io/library/app:1',
    image.id,
    image.id.slice(7),
    image.id.slice(7, 15),
    image.id.slice(0, 20),
  ]) {
    assert.equal(images.get(name).id, image.id, name);
  }
  assert.deepEqual(images.list(), [image]);
  assert.deepEqual(
    images.history('app:1').map(({ id, createdBy, size, tags }) => [id, createdBy, size, tags.length]),
    [
      [image.id, 'ADD top', 3, 2],
      ['<missing>', 'ENV A=1', 0, 0],
      ['<missing>', 'ADD base', 1000, 0],
    ],
  );
  assert.deepEqual(await events(), [`load ${image.id}`]);
  for (const [name, text] of [
    ['app', 'No such image: app:latest'],
    ['app:3', 'No such image: app:3'],
    ['0'.repeat(64), `No such image: ${'0'.repeat(64)}`],
  ] as const) {
    assert.throws(
      () => images.get(name),
      (error) => isKind(error, 'not-found') && error.message === text,
    );
  }
  assert.throws(
    () => images.get('A:b:c'),
    (error) => isKind(error, 'invalid'),
  );
});

test('every form of archive gives the same image', async (context) => {
  const { images, load, home } = await openFixture(context);
  const plain = dockerArchive([{ tags: ['app:1'], layers: [base, layerOf('top')] }]);
  await load(plain);
  const { layers } = images.get('app:1');
  const file = join(home, 'plain.tar');
  writeFileSync(file, plain);
  const skopeo = (form: string) => {
    const copy = join(home, `${form}.tar`);
    execFileSync('skopeo', [
      '--insecure-policy',
      'copy',
      '-q',
      `docker-archive:${file}`,
      `${form}:${copy}:app:1`,
    ]);
    return readFileSync(copy);
  };
  const saved = await buffer(await images.save(['app:1']));
  for (const archive of [
    gzipSync(plain),
    zstdCompressSync(plain),
    skopeo('oci-archive'),
    skopeo('docker-archive'),
    saved,
  ]) {
    await images.remove('app:1', {});
    assert.deepEqual((await load(archive)).loaded, ['app:1']);
    // The id may be another: skopeo writes the config anew.
    assert.deepEqual(images.get('app:1').layers, layers);
  }
});

test('what is saved, others load', async (context) => {
  const { images, load, home } = await openFixture(context);
  await load(
    dockerArchive([
      { tags: ['one:1', 'one:2'], layers: [base] },
      { tags: ['two:1'], layers: [base, layerOf('two')] },
      { layers: [layerOf('nameless')] },
    ]),
  );
  const nameless = images.list().find(({ tags }) => tags.length === 0);
  const file = join(home, 'saved.tar');
  writeFileSync(file, await buffer(await images.save(['one', 'two:1', nameless?.id ?? ''])));
  const inspect = (source: string) =>
    JSON.parse(execFileSync('skopeo', ['inspect', '--config', '--raw', source], { encoding: 'utf8' })) as {
      rootfs: { diff_ids: string[] };
    };
  for (const name of ['one:1', 'one:2', 'two:1']) {
    const { diff_ids } = inspect(`docker-archive:${file}:${name}`).rootfs;
    assert.deepEqual(
      diff_ids,
      images.get(name).layers.map(({ diffId }) => diffId),
    );
  }
  await assert.rejects(images.save(['three']), (error) => isKind(error, 'not-found'));
  for (const { id } of images.list()) await images.remove(id, { force: true });
  assert.deepEqual(
    (await load(readFileSync(file))).loaded.sort(),
    ['one:1', 'one:2', nameless?.id, 'two:1'].sort(),
  );
});

test('other tools find the images in the content store itself', async (context) => {
  const { images, load, home } = await openFixture(context);
  await load(dockerArchive([{ tags: ['one:1'], layers: [base] }]));
  await images.close();
  const store = `oci:${join(home, 'data/content')}:docker.io/library/one:1`;
  const config = execFileSync('skopeo', ['inspect', '--config', '--raw', store], { encoding: 'utf8' });
  assert.equal(digestOf(config), images.get('one:1').id);
});

test('a tag moves; the image that had it stays, without a name', async (context) => {
  const { images, load } = await openFixture(context);
  await load(dockerArchive([{ tags: ['app:1'], layers: [layerOf('old')] }]));
  const old = images.get('app:1');
  await load(dockerArchive([{ tags: ['app:1'], layers: [layerOf('new')] }]));
  assert.notEqual(images.get('app:1').id, old.id);
  assert.deepEqual(images.get(old.id).tags, []);
  images.tag(old.id, 'app:old');
  assert.deepEqual(images.get('app:old').id, old.id);
  assert.ok(images.get('app:old').lastTagged);
  assert.throws(
    () => images.tag('nobody', 'x'),
    (error) => isKind(error, 'not-found'),
  );
  for (const bad of ['UPPER', 'a:b:c', `x@${old.id}`, 'a b', '']) {
    assert.throws(
      () => images.tag(old.id, bad),
      (error) => isKind(error, 'invalid'),
      bad,
    );
  }
});

test('a broken archive is refused with its cause and leaves nothing', async (context) => {
  const { images, load, leftOvers, events } = await openFixture(context);
  const good = dockerArchive([{ tags: ['app:1'], layers: [base, layerOf('top', 'y'.repeat(5000))] }]);
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [digestOf('another layer')] },
  });
  const lying = tarOf([
    { path: 'c.json', type: 'file', content: config },
    { path: 'l.tar', type: 'file', content: base },
    {
      path: 'manifest.json',
      type: 'file',
      content: JSON.stringify([{ Config: 'c.json', RepoTags: ['app:1'], Layers: ['l.tar'] }]),
    },
  ]);
  const escape = dockerArchive([
    { tags: ['app:1'], layers: [base, layerOf('../../../../tmp/berth-escaped')] },
  ]);
  const cases: [string, Buffer, RegExp][] = [
    ['truncated', good.subarray(0, good.length - 4000), /truncated|incomplete/],
    ['truncated gzip', gzipSync(good).subarray(0, 300), /damaged or truncated/],
    ['no archive', Buffer.from('<html>not found</html>'.repeat(50)), /tar archive/],
    ['nothing in it', tarOf([]), /manifest\.json/],
    ['no manifest', tarOf([{ path: 'layer.tar', type: 'file', content: base }]), /manifest\.json/],
    ['a layer that is another', lying, /expected diff id|verification failed|digest/],
    ['an escape', escape, /\.\./],
  ];
  for (const [what, archive, message] of cases) {
    await assert.rejects(
      load(archive),
      (error) => isKind(error, 'invalid') && message.test(error.message),
      what,
    );
    assert.deepEqual(images.list(), [], what);
    assert.deepEqual(await leftOvers(), nothing, what);
  }
  assert.deepEqual(await events(), []);
  assert.equal(existsSync('/tmp/berth-escaped'), false);
});

test('a load that is cancelled or cut off leaves nothing', async (context) => {
  const { images, leftOvers } = await openFixture(context);
  const archive = dockerArchive([{ tags: ['app:1'], layers: [layerOf('big', 'z'.repeat(3_000_000))] }]);
  const cut = Readable.from(
    (async function* () {
      yield archive.subarray(0, 1_000_000);
      throw new Error('the client has gone');
    })(),
  );
  await assert.rejects(images.load(cut, {}), /client has gone/);
  assert.deepEqual(await leftOvers(), nothing);
  const controller = new AbortController();
  const loading = images.load(Readable.from([archive]), {
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await assert.rejects(loading, (error) => isKind(error, 'cancelled'));
  assert.deepEqual(await leftOvers(), nothing);
});

test('removal keeps what others share and takes the rest', async (context) => {
  const { images, load, leftOvers, snapshots } = await openFixture(context);
  await load(
    dockerArchive([
      { tags: ['one:1'], layers: [base, layerOf('one')] },
      { tags: ['two:1'], layers: [base, layerOf('two')] },
    ]),
  );
  const one = images.get('one:1');
  const removed = await images.remove('one:1', {});
  assert.deepEqual(removed, [
    { untagged: 'one:1' },
    { deleted: one.id },
    { deleted: one.layers[1]?.chainId },
  ]);
  assert.deepEqual(await leftOvers(), { blobs: 4, layers: 2, temporary: 0 });
  assert.ok(snapshots.hasLayer(one.layers[0]?.chainId ?? ''));
  await images.remove('two', {}).catch((error: unknown) => assert.ok(isKind(error, 'not-found')));
  await images.remove('two:1', {});
  assert.deepEqual(await leftOvers(), nothing);
});

test('a layer under a container outlives its image and goes at the next collection', async (context) => {
  const fixture = await openFixture(context);
  const { images, load, snapshots } = fixture;
  await load(dockerArchive([{ tags: ['app:1'], layers: [base] }]));
  const { layers } = images.get('app:1');
  const chain = layers.map(({ chainId }) => chainId);
  await snapshots.prepare('c1', chain);
  assert.deepEqual((await images.remove('app:1', { force: true })).length, 2);
  assert.deepEqual(await snapshots.layers(), chain);
  await snapshots.remove('c1');
  await load(dockerArchive([{ tags: ['other:1'], layers: [layerOf('o')] }]));
  await images.remove('other:1', {});
  assert.deepEqual(await fixture.leftOvers(), nothing);
});

test('everything is there after a restart, and garbage is gone', async (context) => {
  const before = await openFixture(context);
  await before.load(dockerArchive([{ tags: ['app:1'], layers: [base, layerOf('top')] }]));
  const image = before.images.get('app:1');
  await before.blobs.write(Buffer.from('nobody needs this'));
  await before.blobs.spool(before.blobs.temporary(), Buffer.from('half of a download'));
  const after = await before.reopen();
  assert.deepEqual(after.images.get('app:1'), image);
  await after.images.close();
  assert.deepEqual(await after.leftOvers(), { blobs: 4, layers: 2, temporary: 0 });
});

test('a layer that a power failure may have damaged is unpacked again', async (context) => {
  const before = await openFixture(context);
  await before.load(dockerArchive([{ tags: ['app:1'], layers: [base] }]));
  const image = before.images.get('app:1');
  const chainId = image.layers[0]?.chainId ?? '';
  await before.close();
  const place = join(before.home, 'data/layers', chainId.slice(7));
  writeFileSync(join(place, 'unsettled'), 'the id of another boot');
  rmSync(join(place, 'diff'), { recursive: true });
  const { images, snapshots } = await before.reopen();
  assert.equal(snapshots.hasLayer(chainId), false);
  await images.unpack(image.id);
  await snapshots.prepare('c1', [chainId]);
  assert.equal(readFileSync(join(await snapshots.mount('c1'), 'base')).length, 1000);
  assert.deepEqual(images.get('app:1'), image);
});

test('all layers change their form when they are asked to', async (context) => {
  const fixture = await openFixture(context);
  const before = await fixture.reopen('directory');
  await before.load(dockerArchive([{ tags: ['app:1'], layers: [base, layerOf('top')] }]));
  const image = before.images.get('app:1');
  const after = await before.reopen('erofs');
  const migrated = (converted: number) => ({
    form: 'erofs',
    layers: { converted, unchanged: 2 - converted, 'in-use': 0, unfit: 0 },
  });
  assert.deepEqual(await after.images.migrateLayers(), migrated(2));
  assert.deepEqual(await after.images.migrateLayers(), migrated(0));
  assert.deepEqual(after.images.get('app:1'), image);
  await after.images.remove('app:1', {});
  assert.deepEqual(await after.leftOvers(), { blobs: 0, layers: 0, temporary: 0 });
});

test('an image of another platform comes along with its index and can be used by name', async (context) => {
  const { images, load, home, snapshots, leftOvers } = await openFixture(context);
  const { archive, ids } = twoPlatforms();
  await load(archive);
  assert.deepEqual(
    images.list().map(({ id }) => id),
    [ids.amd64],
  );
  assert.equal(images.get('multi:1', { platform: 'linux/arm64' }).id, ids.arm64);
  assert.throws(
    () => images.get('multi:1', { platform: 'linux/s390x' }),
    (error) => isKind(error, 'not-found') && /does not match the specified platform/.test(error.message),
  );
  const arm = images.get('multi:1', { platform: 'arm64' });
  assert.equal(snapshots.hasLayer(arm.layers[0]?.chainId ?? ''), false);
  await images.unpack(arm.id);
  assert.equal(snapshots.hasLayer(arm.layers[0]?.chainId ?? ''), true);
  const file = join(home, 'multi.tar');
  writeFileSync(file, await buffer(await images.save(['multi:1'])));
  const raw = execFileSync('skopeo', ['inspect', '--raw', `oci-archive:${file}`], { encoding: 'utf8' });
  assert.equal((JSON.parse(raw) as { manifests: unknown[] }).manifests.length, 2);
  await images.remove('multi:1', {});
  assert.deepEqual(await leftOvers(), nothing);
});

/** An OCI layout with one index of two images. */
function twoPlatforms(): { archive: Buffer; ids: { amd64: string; arm64: string } } {
  const blobs = new Map<string, Buffer>();
  const add = (content: Buffer, mediaType: string) => {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  };
  const image = (architecture: string) => {
    const layer = layerOf(architecture);
    const config = { architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } };
    const manifest = {
      schemaVersion: 2,
      config: add(Buffer.from(JSON.stringify(config)), 'application/vnd.oci.image.config.v1+json'),
      layers: [add(layer, 'application/vnd.oci.image.layer.v1.tar')],
    };
    const descriptor = add(
      Buffer.from(JSON.stringify(manifest)),
      'application/vnd.oci.image.manifest.v1+json',
    );
    return {
      id: manifest.config.digest,
      descriptor: { ...descriptor, platform: { architecture, os: 'linux' } },
    };
  };
  const [arm64, amd64] = [image('arm64'), image('amd64')];
  const index = add(
    Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [arm64.descriptor, amd64.descriptor] })),
    'application/vnd.oci.image.index.v1+json',
  );
  const annotations = { 'org.opencontainers.image.ref.name': 'multi:1' };
  const layout = { schemaVersion: 2, manifests: [{ ...index, annotations }] };
  const archive = tarOf([
    { path: 'oci-layout', type: 'file', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', type: 'file', content: JSON.stringify(layout) },
    ...[...blobs].map(([digest, content]) => ({
      path: `blobs/sha256/${digest.slice(7)}`,
      type: 'file' as const,
      content,
    })),
  ]);
  return { archive, ids: { amd64: amd64.id, arm64: arm64.id } };
}
