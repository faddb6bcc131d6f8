import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { isKind } from '#lib/errors';
import { KeyedLock, Semaphore } from '#lib/lock';
import { digestOf } from '#oci/digest';
import { parseReference } from '#oci/reference';
import { Remote } from '#oci/remote';
import { BlobStore, SEGMENT_BYTES } from '#store';
import { download } from './download.ts';
import { ServedRegistry } from './served-registry.fixture.ts';

/** Three segments, the last one short. */
const large = randomBytes(2 * SEGMENT_BYTES + 12_345);
const small = randomBytes(200_000);

async function open(context: TestContext, content: Buffer) {
  const root = mkdtempSync(join(tmpdir(), 'berth-download-'));
  context.after(() => rmSync(root, { recursive: true }));
  const registry = await ServedRegistry.start(context);
  const layer = registry.blob(content);
  const blobs = await BlobStore.open(root);
  const fetch = async (signal?: AbortSignal, onBytes: (current: number) => void = () => {}) => {
    await using repository = Remote.repository(parseReference(`${registry.host}/app`), {
      retryDelay: 1,
      downloadAttempts: 2,
    });
    const onProgress = ({ current }: { current?: number }) => onBytes(current ?? 0);
    await download(
      { blobs, repository, lock: new KeyedLock(), slots: new Semaphore(1), onProgress, signal },
      layer,
    );
  };
  return { root, registry, layer, blobs, fetch, path: `/v2/app/blobs/${layer.digest}` };
}

/** Sends so much of what was asked for and then says nothing more. */
const stallAfter = (registry: ServedRegistry, content: Buffer, bytes: number) => {
  registry.answers.set(`GET /v2/app/blobs/${digestOf(content)}`, ({ headers: { range } }, response) => {
    const [, from = '0', to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    const end = to ? Number(to) + 1 : content.length;
    response.writeHead(range ? 206 : 200, {
      'content-length': end - Number(from),
      ...(range && { 'content-range': `bytes ${from}-${end - 1}/${content.length}` }),
    });
    const part = content.subarray(Number(from), Math.min(end, Number(from) + bytes));
    registry.sent += part.length;
    response.write(part);
  });
};

test('a large layer comes by ranges, in parallel when the line is slow', async (context) => {
  const { registry, blobs, layer, fetch, path } = await open(context, large);
  let first: (() => void) | undefined;
  registry.answers.set(`GET ${path}`, (request, response) => {
    if (first) {
      first();
      registry.sendBlob(layer.digest, request, response);
      return;
    }
    // Nothing comes of it until somebody else asks.
    first = () => void (response.writableEnded || response.end(large.subarray(0, SEGMENT_BYTES)));
    const range = `bytes 0-${SEGMENT_BYTES - 1}/${large.length}`;
    response.writeHead(206, { 'content-length': SEGMENT_BYTES, 'content-range': range }).flushHeaders();
  });
  await fetch();
  assert.ok(readFileSync(blobs.path(layer.digest)).equals(large));
  assert.equal(registry.sent, large.length - SEGMENT_BYTES);
  assert.equal(registry.requests(/blobs.*bytes=/).length, 3);
});

test('a server that knows no ranges sends it once', async (context) => {
  const { registry, blobs, layer, fetch, path } = await open(context, large);
  registry.answers.set(`GET ${path}`, (_, response) => {
    registry.sent += large.length;
    response.writeHead(200, { 'content-length': large.length }).end(large);
  });
  await fetch();
  assert.ok(readFileSync(blobs.path(layer.digest)).equals(large));
  assert.equal(registry.sent, large.length);
});

/** Bytes of a large layer that are on disk, by its map. */
function arrivedIn(root: string): number {
  const name = readdirSync(join(root, 'ingest')).find((file) => file.endsWith('.map'));
  const map = name === undefined ? Buffer.alloc(0) : readFileSync(join(root, 'ingest', name));
  let sum = 0;
  for (let at = 8; at < map.length; at += 4) sum += map.readUInt32LE(at);
  return sum;
}

test('what had arrived of a large layer is not fetched again after a cancel', async (context) => {
  const { root, registry, blobs, layer, fetch, path } = await open(context, large);
  const part = Math.floor(SEGMENT_BYTES * 0.9);
  stallAfter(registry, large, part);
  const controller = new AbortController();
  const cancelled = fetch(controller.signal);
  // A batch that is not full waits for more: that much may be lost for each connection.
  while (arrivedIn(root) < 2 * part + 12_345 - 3 * (1 << 17)) await turn();
  controller.abort();
  await assert.rejects(cancelled, (error) => isKind(error, 'cancelled'));
  assert.equal(await blobs.has(layer.digest), false);
  const before = arrivedIn(root);
  registry.answers.delete(`GET ${path}`);
  registry.sent = 0;
  // As after a restart of the process.
  await BlobStore.open(root);
  await fetch();
  assert.ok(readFileSync(blobs.path(layer.digest)).equals(large));
  assert.equal(registry.sent, large.length - before);
});

test('what was damaged meanwhile is fetched anew, once; what the registry has wrong is refused', async (context) => {
  for (const content of [large, small]) {
    const { root, registry, blobs, layer, fetch, path } = await open(context, content);
    const garbage = () => Readable.from([Buffer.alloc(1000)]);
    if (content === small) await (await blobs.ingest(layer.digest)).append(garbage());
    else {
      await using ingest = await blobs.segmentedIngest(layer.digest, layer.size);
      const [first] = ingest.missing;
      assert.ok(first);
      await ingest.receive(first, garbage(), { onBytes: () => {}, signal: new AbortController().signal });
    }
    await fetch();
    assert.ok(readFileSync(blobs.path(layer.digest)).equals(content));
    assert.equal(registry.sent, content.length - 1000 + content.length);
    await blobs.delete(layer.digest);
    await blobs.forget(layer.digest);
    registry.answers.set(`GET ${path}`, (_, response) => response.end(Buffer.alloc(content.length)));
    await assert.rejects(
      fetch(),
      (error) => isKind(error, 'invalid') && /verification failed/.test(error.message),
    );
    assert.equal(await blobs.has(layer.digest), false);
    assert.deepEqual(readdirSync(join(root, 'ingest')), []);
  }
});

test('a layer that was whole when its image was given up is there again without the registry', async (context) => {
  const { root, registry, blobs, layer, fetch } = await open(context, small);
  await fetch();
  // As after a kill -9: nobody needs it.
  const reopened = await BlobStore.open(root);
  await reopened.collect(() => new Set());
  assert.equal(await blobs.has(layer.digest), false);
  registry.sent = 0;
  await fetch();
  assert.equal(registry.sent, 0);
  assert.ok(readFileSync(blobs.path(layer.digest)).equals(small));
  await blobs.forget(layer.digest);
  assert.deepEqual(readdirSync(join(root, 'ingest')), []);
});
