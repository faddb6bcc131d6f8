import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { digestOf } from '#oci/digest';
import { MediaType } from '#oci/image';
import { Served } from '../testing/served.ts';

const NOW = { grace: -1, uploadLifetime: -1, untagged: false };
let served: Served;
before(async () => {
  served = await Served.start({ quotas: [{ repositories: 'small/*', limit: 1000, each: false }] });
});
after(() => served[Symbol.asyncDispose]());

const status = async (method: string, path: string) => (await served.send(method, path)).status;
const hasBlob = async (name: string, content: string) =>
  (await status('HEAD', `/v2/${name}/blobs/${digestOf(content)}`)) === 200;

it('what no manifest names goes, what one names stays, in every repository', async () => {
  const gone = await served.pushImage('a/app', 'old', 'old layer');
  await served.pushImage('a/app', 'new', 'new layer');
  await served.pushImage('a/other', 'v1', 'shared');
  await served.pushBlob('a/app', 'shared');
  await served.pushBlob('a/app', 'nobody names me');
  await served.send('POST', '/v2/a/app/blobs/uploads/');
  await served.send('DELETE', `/v2/a/app/manifests/${gone}`);
  const { blobs, links, uploads, manifests } = await served.registry.collect(NOW);
  assert.deepEqual({ blobs, links, uploads, manifests }, { blobs: 3, links: 3, uploads: 1, manifests: 0 });
  assert.equal(await status('GET', '/v2/a/app/manifests/new'), 200);
  for (const content of ['old layer', 'nobody names me', 'shared'])
    assert.ok(!(await hasBlob('a/app', content)));
  assert.ok(await hasBlob('a/app', 'new layer'));
  assert.ok(await hasBlob('a/other', 'shared'));
});

it('what was just pushed or asked for is left alone', async () => {
  await served.pushBlob('a/app', 'fresh');
  const collected = await served.registry.collect({ ...NOW, grace: 60_000 });
  assert.deepEqual([collected.blobs, collected.links, collected.repositories], [0, 0, 0]);
  assert.ok(await hasBlob('a/app', 'fresh'));
});

it('untagged manifests go when asked to; not what a tagged index has, nor what belongs to it', async () => {
  const one = await served.pushImage('b/app', 'one', 'one');
  const two = await served.pushImage('b/app', 'two', 'two');
  const child = await status('GET', `/v2/b/app/manifests/${one}`);
  assert.equal(child, 200);
  const size = Number((await served.send('HEAD', `/v2/b/app/manifests/${one}`)).headers['content-length']);
  const part = { mediaType: MediaType.ociManifest, digest: one, size };
  const index = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [part] });
  await served.send('PUT', '/v2/b/app/manifests/all', index, { 'content-type': MediaType.ociIndex });
  const signature = await served.pushImage('b/app', 'sig', 'signature', { subject: part });
  for (const tag of ['one', 'two', 'sig']) await served.send('DELETE', `/v2/b/app/manifests/${tag}`);
  assert.equal((await served.registry.collect(NOW)).manifests, 0);
  assert.equal((await served.registry.collect({ ...NOW, untagged: true })).manifests, 1);
  assert.equal(await status('GET', `/v2/b/app/manifests/${two}`), 404);
  for (const digest of [one, signature, digestOf(index)])
    assert.equal(await status('GET', `/v2/b/app/manifests/${digest}`), 200);
  assert.ok((await hasBlob('b/app', 'one')) && (await hasBlob('b/app', 'signature')));
  assert.ok(!(await hasBlob('b/app', 'two')));
});

it('an empty repository goes; a manifest that cannot be read keeps its repository as it is', async () => {
  const digest = await served.pushImage('c/app', 'v1', 'layer of c');
  await served.send('DELETE', `/v2/c/app/manifests/${digest}`);
  await served.registry.collect(NOW);
  assert.equal(await status('GET', '/v2/c/app/tags/list'), 404);
  const broken = await served.pushImage('d/app', 'v1', 'layer of d');
  await served.pushBlob('d/app', 'unnamed');
  await rm(join(served.root, 'blobs/sha256', broken.slice('sha256:'.length)));
  await served.registry.collect(NOW);
  assert.ok((await hasBlob('d/app', 'layer of d')) && (await hasBlob('d/app', 'unnamed')));
});

it('pushes go on while it runs, and none loses a blob', async () => {
  let running = true;
  const collecting = (async () => {
    while (running) await served.registry.collect({ ...NOW, grace: 0, uploadLifetime: 60_000 });
  })();
  const push = async (name: string) => {
    for (let i = 0; i < 15; i++) {
      // The same content comes and goes.
      const digest = await served.pushImage(name, 'v', `churn ${i % 3}`).catch((error: Error) => error);
      // With no grace a blob may be taken before its manifest comes: then the manifest must be refused.
      if (digest instanceof Error) assert.match(digest.message, /MANIFEST_BLOB_UNKNOWN/);
      else assert.ok(await hasBlob(name, `churn ${i % 3}`));
      if (typeof digest === 'string') await served.send('DELETE', `/v2/${name}/manifests/${digest}`);
    }
  };
  await Promise.all(['e/one', 'e/two', 'e/three'].map(push));
  running = false;
  await collecting;
});

it('a quota refuses what is too much, before it comes, and what is collected is free again', async () => {
  await served.pushBlob('small/a', Buffer.alloc(600, 'a'));
  const more = Buffer.alloc(500, 'b');
  const refused = await served.send('POST', `/v2/small/b/blobs/uploads/?digest=${digestOf(more)}`, more);
  assert.deepEqual([refused.status, refused.code], [403, 'DENIED']);
  const { headers } = await served.send('POST', '/v2/small/b/blobs/uploads/');
  const chunked = await served.send('PATCH', headers.location ?? '', more, {
    'transfer-encoding': 'chunked',
  });
  assert.equal(chunked.code, 'DENIED');
  // The same content again costs nothing.
  await served.pushBlob('small/b', Buffer.alloc(600, 'a'));
  await served.registry.collect(NOW);
  await served.pushBlob('small/b', more);
});
