import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { BlobStore } from '#store';

const folder = mkdtempSync(join(tmpdir(), 'berth-blobs-'));
after(() => rmSync(folder, { recursive: true }));
let count = 0;
const freshRoot = () => join(folder, `${count++}`);
const digestOf = (content: Uint8Array) => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const files = (root: string) =>
  ['blobs/sha256', 'tmp', 'ingest'].flatMap((name) => readdirSync(join(root, name)));
const collect = async (content: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(content));
/** Undefined for what has just been closed. */
function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

test('what is written is read back, whatever its pieces', async () => {
  const root = freshRoot();
  const blobs = await BlobStore.open(root);
  const pieces = fc.array(fc.uint8Array({ maxLength: 400_000 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(pieces, async (chunks) => {
      const whole = Buffer.concat(chunks);
      const { digest, size } = await blobs.write(Readable.from(chunks.filter((chunk) => chunk.length > 0)));
      assert.equal(digest, digestOf(whole));
      assert.equal(size, whole.length);
      assert.deepEqual(await collect(blobs.open(digest)), whole);
      assert.deepEqual(await blobs.read(digest), whole);
    }),
    { numRuns: 20 },
  );
  assert.deepEqual(readdirSync(join(root, 'tmp')), []);
});

test('content that nobody reads is not opened', async () => {
  const blobs = await BlobStore.open(freshRoot());
  const { digest } = await blobs.write(randomBytes(100));
  const other = await blobs.write(randomBytes(100));
  const unread = blobs.open(digest);
  // The file of the first would have been opened by now.
  assert.equal((await collect(blobs.open(other.digest))).length, 100);
  const opened = readdirSync('/proc/self/fd').map(targetOf);
  assert.equal(opened.includes(blobs.path(digest)), false);
  assert.equal((await collect(unread)).length, 100);
});

test('the store is an OCI layout', async () => {
  const root = freshRoot();
  const blobs = await BlobStore.open(root);
  const { digest } = await blobs.write(Buffer.from('{}'));
  assert.equal(JSON.parse(readFileSync(join(root, 'oci-layout'), 'utf8')).imageLayoutVersion, '1.0.0');
  assert.deepEqual(JSON.parse(readFileSync(join(root, 'index.json'), 'utf8')).manifests, []);
  assert.equal(blobs.path(digest), join(root, 'blobs', 'sha256', digest.slice(7)));
});

test('content that is not what was expected leaves nothing', async () => {
  const root = freshRoot();
  const blobs = await BlobStore.open(root);
  const content = randomBytes(1000);
  const other = digestOf(Buffer.from('other'));
  const wrong = blobs.write(Readable.from([content]), { digest: other });
  await assert.rejects(
    wrong,
    (error) =>
      isKind(error, 'invalid') && error.message.includes(other) && error.message.includes(digestOf(content)),
  );
  await assert.rejects(blobs.write(content, { size: 999 }), /expected 999 bytes, got 1000/);
  const broken = (async function* () {
    yield content;
    throw new Error('the line went dead');
  })();
  await assert.rejects(blobs.write(broken), /line went dead/);
  const controller = new AbortController();
  controller.abort();
  await assert.rejects(blobs.write(Readable.from([content]), {}, controller.signal), (error) =>
    isKind(error, 'cancelled'),
  );
  assert.deepEqual(files(root), []);
});

test('digests that could leave the folder are refused', async () => {
  const blobs = await BlobStore.open(freshRoot());
  for (const bad of [
    'sha256:../../etc/passwd',
    `sha256:${'A'.repeat(64)}`,
    'x',
    `sha512:${'../'.repeat(42)}aa`,
  ]) {
    assert.throws(
      () => blobs.path(bad),
      (error) => isKind(error, 'invalid'),
      bad,
    );
  }
});

test('a missing blob is not found, a large one is not read whole', async () => {
  const blobs = await BlobStore.open(freshRoot());
  const absent = digestOf(Buffer.from('absent'));
  assert.equal(await blobs.has(absent), false);
  await assert.rejects(blobs.size(absent), (error) => isKind(error, 'not-found'));
  await assert.rejects(blobs.read(absent), (error) => isKind(error, 'not-found'));
  const { digest } = await blobs.write(randomBytes(100));
  await assert.rejects(blobs.read(digest, 99), /too large/);
  await blobs.delete(absent);
});

test('a download is taken up again by a later process', async () => {
  const root = freshRoot();
  const content = randomBytes(600_000);
  const digest = digestOf(content);
  {
    const ingest = await (await BlobStore.open(root)).ingest(digest);
    const interrupted = (async function* () {
      yield content.subarray(0, 400_000);
      throw new Error('reset by peer');
    })();
    await assert.rejects(ingest.append(Readable.from(interrupted)), /reset by peer/);
    assert.ok(ingest.offset <= 400_000);
  }
  const blobs = await BlobStore.open(root);
  const ingest = await blobs.ingest(digest);
  assert.equal(ingest.offset, 400_000);
  await ingest.append(Readable.from([content.subarray(ingest.offset)]));
  await ingest.commit({ digest, size: content.length });
  assert.deepEqual(await blobs.read(digest), content);
  assert.equal((await blobs.ingest(digest)).offset, 0);
});

test('a download of which nothing came leaves nothing', async () => {
  const root = freshRoot();
  const ingest = await (await BlobStore.open(root)).ingest('layer');
  const refused = new Readable({ read: () => refused.destroy(new Error('404')) });
  await assert.rejects(ingest.append(refused), /404/);
  assert.deepEqual(readdirSync(join(root, 'ingest')), []);
});

test('a download of the wrong content is thrown away', async () => {
  const root = freshRoot();
  const blobs = await BlobStore.open(root);
  const expected = { digest: digestOf(Buffer.from('right')), size: 5 };
  const ingest = await blobs.ingest('layer');
  await ingest.append(Readable.from([Buffer.from('wrong')]));
  await assert.rejects(ingest.commit(expected), (error) => isKind(error, 'invalid'));
  assert.deepEqual(files(root), []);
});

test('collection spares what is kept and what is leased', async () => {
  const root = freshRoot();
  const blobs = await BlobStore.open(root);
  const [kept, leased, garbage] = await Promise.all(
    ['kept', 'leased', 'garbage'].map(async (text) => (await blobs.write(Buffer.from(text))).digest),
  );
  assert.ok(kept && leased && garbage);
  {
    using lease = blobs.lease();
    lease.add(leased);
    assert.equal(await blobs.collect(() => new Set([kept])), 'garbage'.length);
  }
  assert.equal(await blobs.has(leased), true);
  assert.equal(await blobs.has(garbage), false);
  await blobs.collect(() => new Set([kept]));
  assert.deepEqual(
    (await Array.fromAsync(blobs.list())).map(({ digest }) => digest),
    [kept],
  );
  assert.deepEqual(readdirSync(join(root, 'tmp')), []);
});

test('what a killed process was writing is swept at open', async () => {
  const root = freshRoot();
  const blobs = await BlobStore.open(root);
  await blobs.spool(blobs.temporary(), randomBytes(10));
  assert.equal(files(root).length, 1);
  await BlobStore.open(root);
  assert.deepEqual(files(root), []);
});
