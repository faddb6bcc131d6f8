import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FRAME_HEADER_SIZE, FrameDecoder, type FrameStream, frameHeader } from './frames.ts';

const frame = fc.record({
  stream: fc.constantFrom<FrameStream>('stdin', 'stdout', 'stderr', 'systemerr'),
  data: fc.uint8Array({ maxLength: 40 }),
});

/** Cuts `bytes` at the given places, in any order and with repeats. */
function split(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

test('whatever is framed comes out again, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat()), (frames, places) => {
      const bytes = Buffer.concat(frames.map(({ stream, data }) => encodeFrame(stream, data)));
      const decoder = new FrameDecoder();
      const received = new Map<FrameStream, Buffer[]>();
      const order: FrameStream[] = [];
      for (const { stream, data } of split(bytes, places).flatMap((piece) => decoder.push(piece))) {
        received.set(stream, [...(received.get(stream) ?? []), data]);
        if (order.at(-1) !== stream) order.push(stream);
      }
      assert.ok(decoder.isComplete);
      for (const name of ['stdin', 'stdout', 'stderr', 'systemerr'] as const) {
        const sent = Buffer.concat(frames.filter((f) => f.stream === name).map((f) => f.data));
        assert.deepEqual(Buffer.concat(received.get(name) ?? []), sent);
      }
      const sentOrder = frames.filter((f) => f.data.length > 0).map((f) => f.stream);
      assert.deepEqual(
        order,
        sentOrder.filter((stream, index) => stream !== sentOrder[index - 1]),
      );
    }),
  );
});

test('a header tells stream and length in eight bytes', () => {
  assert.deepEqual([...frameHeader('stderr', 0x01020304)], [2, 0, 0, 0, 1, 2, 3, 4]);
});

test('the payload of a long frame is handed out as it arrives', () => {
  const decoder = new FrameDecoder();
  assert.deepEqual(decoder.push(frameHeader('stdout', 2 ** 32 - 1)), []);
  assert.equal(decoder.push(Buffer.from('abc'))[0]?.data.toString(), 'abc');
  assert.equal(decoder.isComplete, false);
});

test('bytes that are no frames are refused', () => {
  assert.throws(() => new FrameDecoder().push(Buffer.from('hello, world')), /unrecognized stream 104/);
  assert.equal(FRAME_HEADER_SIZE, 8);
});
