import type { Duplex } from 'node:stream';
import type { MessageShape } from '@bufbuild/protobuf';
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { systemError } from '#lib/errors';

/** A message may be a file's part (3 MiB at most) or a list of names; more is nobody's honest wish. */
const MESSAGE_LIMIT = 16 * 2 ** 20;
/** Whether it is compressed, and its length. */
const PREFIX = 5;

/** Metadata of a call. Several values of a name stay apart: a header of fetch() could not say that. */
export type Metadata = Readonly<Record<string, string | readonly string[]>>;

/** Waits while the other side reads slower than we write. What is written to a stream that has gone is dropped. */
export async function writeMessage<S extends DescMessage>(
  stream: Duplex,
  schema: S,
  message: MessageInitShape<S>,
): Promise<void> {
  const body = toBinary(schema, create(schema, message));
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(body.length, 1);
  if (stream.destroyed || stream.write(Buffer.concat([prefix, body])) || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      stream.off('drain', go).off('close', go);
      resolve();
    };
    stream.once('drain', go).once('close', go);
  });
}

/** The messages of one way of a call. `name`: for errors. */
export async function* readMessages<S extends DescMessage>(
  stream: AsyncIterable<Buffer>,
  schema: S,
  name: string,
): AsyncGenerator<MessageShape<S>> {
  const pending = new Pending();
  for await (const chunk of stream) {
    pending.add(chunk);
    for (let prefix = pending.peek(PREFIX); prefix; prefix = pending.peek(PREFIX)) {
      const length = prefix.readUInt32BE(1);
      if (prefix[0] !== 0) throw systemError(`${name}: compressed messages are not supported`);
      if (length > MESSAGE_LIMIT) throw systemError(`${name}: a message of ${length} bytes`);
      const whole = pending.take(PREFIX + length);
      if (!whole) break;
      yield fromBinary(schema, whole.subarray(PREFIX));
    }
  }
  if (pending.length > 0) throw systemError(`${name}: it ended in the middle of a message`);
}

/** Bytes that came and are not yet a message. Those of one message are put together once, however many came at a time. */
class Pending {
  #chunks: Buffer[] = [];
  length = 0;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  /** The first so many; undefined while fewer are there. */
  peek(count: number): Buffer | undefined {
    if (this.length < count) return undefined;
    const [first] = this.#chunks;
    return first && first.length >= count ? first : this.#joined();
  }

  take(count: number): Buffer | undefined {
    if (this.length < count) return undefined;
    const all = this.#joined();
    this.#chunks = all.length > count ? [all.subarray(count)] : [];
    this.length -= count;
    return all.subarray(0, count);
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    const all = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}
