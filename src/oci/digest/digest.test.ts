import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import {
  algorithmOf,
  DigestMismatchError,
  DigestStream,
  digestOf,
  Hasher,
  hexOf,
  isDigest,
  parseDigest,
  SizeMismatchError,
  verified,
  verifyContent,
} from './index.ts';

const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('digests of both algorithms are read and taken apart', () => {
  assert.equal(digestOf(''), EMPTY);
  assert.equal(parseDigest(EMPTY), EMPTY);
  const long = digestOf('x', 'sha512');
  assert.equal(algorithmOf(parseDigest(long)), 'sha512');
  assert.equal(hexOf(long).length, 128);
});

test('anything else is refused with the reason', () => {
  const cases: [string, RegExp][] = [
    ['', /digest format/],
    ['e3b0c442', /digest format/],
    ['md5:d41d8cd98f00b204e9800998ecf8427e', /unsupported digest algorithm/],
    ['sha256:e3b0', /length/],
    [EMPTY.toUpperCase(), /unsupported digest algorithm/],
    [EMPTY.replace('e3', 'E3'), /length or characters/],
    [`${EMPTY}\n`, /length or characters/],
    [EMPTY.replace('sha256', 'sha512'), /length/],
    [`sha256:${'../'.repeat(22)}`, /length or characters/],
  ];
  for (const [text, message] of cases) {
    assert.equal(isDigest(text), false);
    assert.throws(
      () => parseDigest(text),
      (error) => isKind(error, 'invalid') && message.test(error.message),
      text,
    );
  }
});

test('what is accepted is exactly algorithm, colon and hex of the right length', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^sha(256|512):[0-9a-f]{60,130}$/)), (text) => {
      assert.equal(
        isDigest(text),
        /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text) && !text.endsWith('\n'),
      );
    }),
  );
});

const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });

test('a verified stream passes what it should and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(chunks, async (parts) => {
      const whole = Buffer.concat(parts);
      const digest = digestOf(whole);
      assert.deepEqual(await buffer(verified(Readable.from(parts), { digest, size: whole.length })), whole);
      const wrong = digestOf(`other${whole.toString('hex')}`);
      await assert.rejects(buffer(verified(Readable.from(parts), { digest: wrong })), DigestMismatchError);
      await assert.rejects(
        buffer(verified(Readable.from(parts), { digest, size: whole.length + 1 })),
        SizeMismatchError,
      );
    }),
    { numRuns: 30 },
  );
});

test('a mismatch names both digests', () => {
  const actual = digestOf('is');
  const expected = digestOf('should be');
  assert.throws(
    () => verifyContent(Buffer.from('is'), { digest: expected }),
    (error) =>
      error instanceof DigestMismatchError &&
      error.message.includes(expected) &&
      error.message.includes(actual),
  );
});

test('a stream that grows too long is stopped before its end', async () => {
  let pulled = 0;
  async function* endless() {
    for (;;) {
      pulled++;
      yield Buffer.alloc(1000);
    }
  }
  await assert.rejects(buffer(verified(endless(), { digest: EMPTY, size: 5000 })), SizeMismatchError);
  assert.equal(pulled, 6);
});

test('DigestStream hashes in a pipeline, and fails it on a mismatch', async () => {
  const stream = new DigestStream();
  await pipeline(Readable.from([Buffer.from('ab'), Buffer.from('c')]), stream, buffer);
  assert.equal(stream.digest(), digestOf('abc'));
  assert.equal(stream.bytes, 3);
  const strict = new DigestStream({ digest: digestOf('abc'), size: 3 });
  await pipeline(Readable.from([Buffer.from('abc')]), strict, buffer);
  const wrong = new DigestStream({ digest: digestOf('abd') });
  await assert.rejects(pipeline(Readable.from([Buffer.from('abc')]), wrong, buffer), DigestMismatchError);
  const long = new DigestStream({ digest: digestOf('ab'), size: 2 });
  await assert.rejects(pipeline(Readable.from([Buffer.from('abc')]), long, buffer), SizeMismatchError);
});

test('sha512 hashes too', () => {
  const hasher = new Hasher('sha512');
  hasher.update(Buffer.from('abc'));
  assert.equal(hasher.digest(), `sha512:${createHash('sha512').update('abc').digest('hex')}`);
  assert.equal(hasher.digest(), hasher.digest());
});
