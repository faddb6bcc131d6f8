import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { shortId } from '#lib/ids';
import type { Progress } from './image.ts';
import { dockerArchive, layerOf, openFixture } from './images.fixture.ts';
import { startRegistry } from './registry.fixture.ts';

const nothing = { blobs: 0, layers: 0, temporary: 0 };
const base = layerOf('base', 'b'.repeat(200_000));
const app = dockerArchive([{ tags: ['x:1'], layers: [base, layerOf('top')], config: { Cmd: ['sh'] } }]);

/** Without the reports in the middle of a phase. */
const phases = (progress: readonly Progress[]) => {
  const seen = new Set<string>();
  return progress
    .map(({ id, status }) => (id ? `${id}: ${status}` : status))
    .filter((line) => !seen.has(line) && seen.add(line));
};

test('a pull tells what Docker tells, and finds everything there the next time', async (context) => {
  const registry = await startRegistry(context);
  const { images, events } = await openFixture(context);
  registry.fill(app, 'me/app:1');
  const name = `${registry.host}/me/app:1`;
  const progress: Progress[] = [];
  const image = await images.pull(name, { onProgress: (p) => progress.push(p) });
  const { digest } = image.manifest ?? {};
  assert.deepEqual(image.tags, [name]);
  assert.deepEqual(image.digests, [`${registry.host}/me/app@${digest}`]);
  assert.deepEqual(image.config.cmd, ['sh']);
  const lines = phases(progress);
  assert.equal(lines[0], '1: Pulling from me/app');
  assert.deepEqual(lines.slice(-2), [`Digest: ${digest}`, `Status: Downloaded newer image for ${name}`]);
  const ids = progress.filter(({ status }) => status === 'Pulling fs layer').map(({ id }) => id);
  assert.equal(ids.length, 2);
  for (const id of ids) {
    const order = [
      'Pulling fs layer',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Extracting',
      'Pull complete',
    ];
    const places = order.map((status) => lines.indexOf(`${id}: ${status}`));
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
    );
    assert.ok(!places.includes(-1), lines.join('\n'));
  }
  const again: Progress[] = [];
  await images.pull(name, { onProgress: (p) => again.push(p) });
  assert.deepEqual(phases(again), [
    '1: Pulling from me/app',
    ...ids.map((id) => `${id}: Already exists`),
    `Digest: ${digest}`,
    `Status: Image is up to date for ${name}`,
  ]);
  assert.deepEqual(await events(), [`pull ${registry.host}/me/app`, `pull ${registry.host}/me/app`]);
});

test('by digest, by all tags, and two at a time', async (context) => {
  const registry = await startRegistry(context);
  const { images, leftOvers } = await openFixture(context);
  registry.fill(app, 'me/app:1');
  registry.fill(dockerArchive([{ tags: ['x:2'], layers: [base, layerOf('two')] }]), 'me/app:2');
  const [one, two] = await Promise.all([
    images.pull(`${registry.host}/me/app:1`, {}),
    images.pull(`${registry.host}/me/app:2`, {}),
  ]);
  assert.equal(one.layers[0]?.chainId, two.layers[0]?.chainId);
  assert.deepEqual(await leftOvers(), { blobs: 7, layers: 3, temporary: 0 });
  for (const { id } of images.list()) await images.remove(id, { force: true });
  assert.deepEqual(await leftOvers(), nothing);

  const byDigest = await images.pull(`${registry.host}/me/app@${one.manifest?.digest}`, {});
  assert.deepEqual([byDigest.id, byDigest.tags], [one.id, []]);
  assert.deepEqual(byDigest.digests, [`${registry.host}/me/app@${one.manifest?.digest}`]);
  await images.pull(`${registry.host}/me/app`, { allTags: true });
  assert.deepEqual(
    images
      .list()
      .flatMap(({ tags }) => tags)
      .sort(),
    [`${registry.host}/me/app:1`, `${registry.host}/me/app:2`],
  );
});

test('what the registry does not have is named, and nothing stays', async (context) => {
  const registry = await startRegistry(context);
  const { images, leftOvers } = await openFixture(context);
  registry.fill(app, 'me/app:1');
  const missing = (message: RegExp) => (error: unknown) =>
    isKind(error, 'not-found') && message.test(error.message);
  await assert.rejects(
    images.pull(`${registry.host}/me/app:nope`, {}),
    missing(/manifest for .*me\/app:nope not found: manifest unknown/),
  );
  await assert.rejects(images.pull(`${registry.host}/me/other:1`, {}), missing(/me\/other/));
  await assert.rejects(
    images.pull(`${registry.host}/me/app:1`, { platform: 'linux/s390x' }),
    missing(/does not match the specified platform: wanted linux\/s390x, actual: linux\/amd64/),
  );
  await assert.rejects(images.pull('Not A Name', {}), (error) => isKind(error, 'invalid'));
  const cancelled = images.pull(`${registry.host}/me/app:1`, { signal: AbortSignal.abort() });
  await assert.rejects(cancelled, (error) => isKind(error, 'cancelled'));
  const controller = new AbortController();
  const midway = images.pull(`${registry.host}/me/app:1`, {
    signal: controller.signal,
    onProgress: ({ status }) => status === 'Extracting' && controller.abort(),
  });
  await assert.rejects(midway, (error) => isKind(error, 'cancelled'));
  assert.deepEqual(images.list(), []);
  const { blobs, layers } = await leftOvers();
  assert.deepEqual([blobs, layers], [0, 0]);
});

test('what is pushed can be pulled; what is there is not sent again', async (context) => {
  const registry = await startRegistry(context);
  const { images, load, events } = await openFixture(context);
  await load(app);
  images.tag('x:1', `${registry.host}/pushed/app:v1`);
  images.tag('x:1', `${registry.host}/pushed/other:v1`);
  const progress: Progress[] = [];
  const pushed = await images.push(`${registry.host}/pushed/app:v1`, { onProgress: (p) => progress.push(p) });
  assert.equal(pushed.tag, 'v1');
  const inspected = JSON.parse(
    registry.skopeo('inspect', '--tls-verify=false', `docker://${registry.host}/pushed/app:v1`),
  ) as { Digest: string; Layers: string[] };
  assert.equal(inspected.Digest, pushed.digest);
  const lines = phases(progress);
  assert.equal(lines[0], `The push refers to repository [${registry.host}/pushed/app]`);
  for (const layer of inspected.Layers)
    assert.ok(lines.includes(`${shortId(layer)}: Pushed`), lines.join('\n'));
  assert.equal(lines.at(-1), `v1: digest: ${pushed.digest} size: ${pushed.size}`);
  assert.deepEqual(images.get('x:1').digests, [`${registry.host}/pushed/app@${pushed.digest}`]);

  const again: Progress[] = [];
  await images.push(`${registry.host}/pushed/app:v1`, { onProgress: (p) => again.push(p) });
  assert.ok(phases(again).some((line) => line.endsWith('Layer already exists')));
  const mounted: Progress[] = [];
  await images.push(`${registry.host}/pushed/other:v1`, { onProgress: (p) => mounted.push(p) });
  assert.ok(phases(mounted).some((line) => line.endsWith('Mounted from pushed/app')));
  assert.equal((await events()).filter((event) => event.startsWith('push')).length, 3);

  const { id } = images.get('x:1');
  await images.remove(id, { force: true });
  assert.equal((await images.pull(`${registry.host}/pushed/app:v1`, {})).id, id);
  await assert.rejects(images.push(`${registry.host}/nobody/app`, {}), (error) => isKind(error, 'not-found'));
});

test('the platform of an index that fits is pulled, another one on request, and the index keeps its name', async (context) => {
  const registry = await startRegistry(context);
  const { images } = await openFixture(context);
  for (const architecture of ['amd64', 'arm64']) {
    registry.fill(
      dockerArchive([{ tags: ['x:1'], layers: [layerOf(architecture)], architecture }]),
      `multi:${architecture}`,
    );
  }
  const digest = await pushIndex(registry.host, 'multi', ['amd64', 'arm64']);
  const name = `${registry.host}/multi:latest`;
  const here = await images.pull(name, {});
  assert.equal(here.architecture, 'amd64');
  assert.deepEqual(here.digests, [`${registry.host}/multi@${digest}`]);
  const there = await images.pull(name, { platform: 'linux/arm64' });
  assert.equal(there.architecture, 'arm64');
  assert.equal(images.get(name, { platform: 'linux/amd64' }).id, here.id);
  await assert.rejects(
    images.pull(name, { platform: 'linux/s390x' }),
    (error) => isKind(error, 'not-found') && error.message.includes('no matching manifest for linux/s390x'),
  );
  const remote = await images.inspectRemote(name);
  assert.equal(remote.digest, digest);
  assert.deepEqual(remote.platforms, [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ]);
});

/** Makes an index of tags that are there; its digest. */
async function pushIndex(host: string, repository: string, tags: readonly string[]): Promise<string> {
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifests = await Promise.all(
    tags.map(async (architecture) => {
      const url = `http://${host}/v2/${repository}/manifests/${architecture}`;
      const response = await fetch(url, { headers: { accept: type } });
      const size = (await response.arrayBuffer()).byteLength;
      const digest = response.headers.get('docker-content-digest');
      return { mediaType: type, digest, size, platform: { os: 'linux', architecture } };
    }),
  );
  const mediaType = 'application/vnd.docker.distribution.manifest.list.v2+json';
  const response = await fetch(`http://${host}/v2/${repository}/manifests/latest`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, manifests }),
  });
  assert.equal(response.status, 201);
  return response.headers.get('docker-content-digest') ?? '';
}
