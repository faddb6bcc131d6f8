import { Duplex } from 'node:stream';
import { type ByteChannel, drained } from './channel.ts';
import type { Channel } from './dial.ts';

class ChannelStream extends Duplex {
  readonly #channel: ByteChannel;

  constructor(channel: ByteChannel) {
    super({ allowHalfOpen: true });
    this.#channel = channel;
    channel.on('data', (chunk) => {
      if (!this.push(chunk)) channel.pause();
    });
    channel.on('end', () => void this.push(null));
    channel.on('error', (error) => this.destroy(error));
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#channel.write(chunk)) done();
    else void drained(this.#channel).then(done);
  }

  override _final(done: () => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channel.destroy();
    done(error);
  }
}

/** For those who need a stream of Node's, which loading Node's streams pays for in Bun. */
export const asStream = (channel: ByteChannel): Channel =>
  channel instanceof Duplex ? channel : new ChannelStream(channel);
