/**
 * The framing of attach, exec and logs without a terminal: each frame is an 8 byte header
 * (stream, three zeros, length as big-endian uint32) and its payload.
 */
export type StreamName = 'stdin' | 'stdout' | 'stderr';

const STREAMS = ['stdin', 'stdout', 'stderr', 'systemerr'] as const;
/** `systemerr` carries an error of the daemon itself, in the middle of a stream. */
export type FrameStream = (typeof STREAMS)[number];

export interface Frame {
  readonly stream: FrameStream;
  readonly data: Buffer;
}

export const FRAME_HEADER_SIZE = 8;

export function frameHeader(stream: FrameStream, length: number): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_SIZE);
  bytes[0] = STREAMS.indexOf(stream);
  bytes.writeUInt32BE(length, 4);
  return bytes;
}

export const encodeFrame = (stream: FrameStream, data: Uint8Array): Buffer =>
  Buffer.concat([frameHeader(stream, data.length), data]);

/**
 * Incremental decoder. It hands out the payload as it arrives, never waiting for a whole frame
 * (a frame may be up to 4 GiB): a long frame comes in several pieces.
 */
export class FrameDecoder {
  readonly #header = Buffer.alloc(FRAME_HEADER_SIZE);
  #headerLength = 0;
  #stream: FrameStream = 'stdout';
  #left = 0;

  /** @throws Error when the bytes are no frames (a raw stream, say) */
  push(chunk: Uint8Array): Frame[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const frames: Frame[] = [];
    let position = 0;
    while (position < bytes.length) {
      if (this.#left === 0) {
        position += this.#readHeader(bytes.subarray(position));
        continue;
      }
      const data = bytes.subarray(position, position + this.#left);
      frames.push({ stream: this.#stream, data });
      position += data.length;
      this.#left -= data.length;
    }
    return frames;
  }

  /** True between frames: a stream that ends elsewhere was cut off. */
  get isComplete(): boolean {
    return this.#left === 0 && this.#headerLength === 0;
  }

  #readHeader(bytes: Buffer): number {
    const taken = bytes.copy(this.#header, this.#headerLength, 0, FRAME_HEADER_SIZE - this.#headerLength);
    this.#headerLength += taken;
    if (this.#headerLength < FRAME_HEADER_SIZE) return taken;
    const stream = STREAMS[this.#header[0] ?? 255];
    if (!stream) throw new Error(`unrecognized stream ${this.#header[0]} in a multiplexed stream`);
    this.#stream = stream;
    this.#left = this.#header.readUInt32BE(4);
    this.#headerLength = 0;
    return taken;
  }
}
