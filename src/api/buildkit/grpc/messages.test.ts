import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { Upload } from '#protocol/buildkit';
import { readMessages, writeMessage } from './messages.ts';

const { input } = Upload.method.pull;

const written = async (messages: readonly Uint8Array[]): Promise<Buffer> => {
  const stream = new PassThrough({ highWaterMark: 2 ** 24 });
  for (const data of messages) await writeMessage(stream, input, { data });
  return await buffer(stream.end());
};

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    if (at < bytes.length) yield bytes.subarray(at, at + size);
    at += size;
  }
}

const read = (chunks: AsyncIterable<Buffer>) =>
  Array.fromAsync(readMessages(chunks, input, 'Pull'), ({ data }) => Buffer.from(data));

test('messages come out as they went in, however the bytes are cut', async () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(messages, fc.array(fc.integer({ min: 1, max: 40 })), async (sent, sizes) => {
      assert.deepEqual(
        await read(cut(await written(sent), sizes)),
        sent.map((each) => Buffer.from(each)),
      );
    }),
  );
});

test('what is no message ends the call', async () => {
  const whole = await written([Buffer.from('abc')]);
  await assert.rejects(read(cut(whole.subarray(0, -1), [])), /in the middle of a message/);
  await assert.rejects(read(cut(Buffer.from([1, 0, 0, 0, 0]), [])), /compressed/);
  await assert.rejects(read(cut(Buffer.from([0, 0x7f, 0, 0, 0]), [])), /a message of \d+ bytes/);
});
