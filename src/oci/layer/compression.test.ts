import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isKind } from '#lib/errors';
import { decompress, detectCompression, peek } from './index.ts';
import { pieces } from './testing/tar.ts';

const CONTENT = Buffer.concat([randomBytes(100_000), Buffer.alloc(200_000, 'a')]);
const SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
const stream = (content: Buffer, size = 1000) => Readable.from(pieces(content, size));

test('compression is told by the first bytes', () => {
  assert.equal(detectCompression(gzipSync('x')), 'gzip');
  assert.equal(detectCompression(zstdCompressSync('x')), 'zstd');
  assert.equal(detectCompression(SKIPPABLE), 'zstd');
  assert.equal(detectCompression(Buffer.from('ustar')), 'none');
  assert.equal(detectCompression(Buffer.alloc(0)), 'none');
  for (const magic of ['BZh9', '\xfd7zXZ\0']) {
    assert.throws(
      () => detectCompression(Buffer.from(magic, 'latin1')),
      (error) => isKind(error, 'unsupported'),
    );
  }
});

const FORMS: [string, Buffer][] = [
  ['none', CONTENT],
  ['gzip', gzipSync(CONTENT)],
  ['gzip members', Buffer.concat([gzipSync(CONTENT.subarray(0, 7)), gzipSync(CONTENT.subarray(7))])],
  ['gzip with zeros behind it', Buffer.concat([gzipSync(CONTENT), Buffer.alloc(700)])],
  ['zstd', zstdCompressSync(CONTENT)],
  [
    'zstd frames',
    Buffer.concat([
      SKIPPABLE,
      zstdCompressSync(CONTENT.subarray(0, 7)),
      SKIPPABLE,
      zstdCompressSync(CONTENT.subarray(7)),
    ]),
  ],
];

for (const [name, form] of FORMS) {
  test(`a stream is decompressed: ${name}`, async () => {
    for (const size of [97, 65_536])
      assert.ok((await buffer(decompress(stream(form, size)))).equals(CONTENT));
  });
}

test('archives may come in bzip2 and xz', async () => {
  for (const program of ['bzip2', 'xz']) {
    const form = execFileSync(program, ['-c'], { input: CONTENT, maxBuffer: 2 ** 24 });
    assert.ok((await buffer(decompress(stream(form, 65_536)))).equals(CONTENT));
    await assert.rejects(
      buffer(decompress(stream(form.subarray(0, form.length - 20)))),
      (error) => isKind(error, 'invalid') && error.message.includes(`${program} cannot read it`),
    );
    async function* cut() {
      yield form.subarray(0, 5000);
      throw new Error('line cut');
    }
    await assert.rejects(buffer(decompress(cut())), /line cut/);
    const reason = new Error('stop');
    await assert.rejects(buffer(decompress(stream(form), AbortSignal.abort(reason))));
    for await (const _ of decompress(stream(form))) break;
  }
});

test('damage and truncation are errors', async () => {
  const invalid = (error: unknown) => isKind(error, 'invalid') && /damaged or truncated/.test(error.message);
  for (const form of [gzipSync(CONTENT), zstdCompressSync(CONTENT)]) {
    for (const length of [7, 5000, form.length - 1]) {
      await assert.rejects(buffer(decompress(stream(form.subarray(0, length)))), invalid);
    }
    const damaged = Buffer.from(form);
    damaged.fill(0xff, 4, 20);
    await assert.rejects(buffer(decompress(stream(damaged))), invalid);
  }
});

test("the source's own failure is passed on, and the source is closed when nobody reads on", async () => {
  let closed = 0;
  async function* failing() {
    try {
      yield gzipSync(CONTENT).subarray(0, 5000);
      throw new Error('line cut');
    } finally {
      closed++;
    }
  }
  await assert.rejects(buffer(decompress(failing())), /line cut/);
  assert.equal(closed, 1);
  for (const form of [CONTENT, gzipSync(CONTENT)]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    async function* long() {
      try {
        yield* pieces(form, 500);
      } finally {
        resolve();
      }
    }
    for await (const _ of decompress(long())) break;
    await promise;
  }
});

test('decompression is cancelled by its signal', async () => {
  const reason = new Error('stop');
  for (const form of [CONTENT, gzipSync(CONTENT), zstdCompressSync(CONTENT)]) {
    await assert.rejects(
      buffer(decompress(stream(form), AbortSignal.abort(reason))),
      (error) => error === reason || (error instanceof Error && error.cause === reason),
    );
  }
});

test('a peeked stream is whole again', async () => {
  for (const size of [1, 4, 100]) {
    const { head, whole } = await peek(stream(Buffer.from('hello world'), size));
    assert.ok(head.length >= 6 && head.toString().startsWith('hello '));
    assert.equal((await buffer(whole)).toString(), 'hello world');
  }
  assert.equal((await peek(stream(Buffer.from('abc')))).head.toString(), 'abc');
});
