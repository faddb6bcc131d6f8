/**
 * Bytes both ways: as much of Node's Duplex as HTTP and attached streams need, so that it may also be something lighter.
 * `ref`/`unref` where the process may end although it is open.
 */
export interface ByteChannel {
  readonly destroyed: boolean;
  on(event: 'data', listener: (chunk: Buffer) => void): ByteChannel;
  on(event: 'error', listener: (error: Error) => void): ByteChannel;
  on(event: 'end' | 'close' | 'drain', listener: () => void): ByteChannel;
  once(event: 'drain', listener: () => void): ByteChannel;
  off(event: 'data', listener: (chunk: Buffer) => void): ByteChannel;
  off(event: 'error', listener: (error: Error) => void): ByteChannel;
  off(event: 'end' | 'close' | 'drain', listener: () => void): ByteChannel;
  /** False when the caller should wait for `drain`. */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean;
  /** What is written until `uncork` goes out in one piece. */
  cork(): void;
  uncork(): void;
  /** Closes our direction only. */
  end(): unknown;
  pause(): unknown;
  resume(): unknown;
  /** Gives back what was read too far. */
  unshift(chunk: Buffer): void;
  destroy(error?: Error): unknown;
  ref?(): unknown;
  unref?(): unknown;
}

/** Resolves when there is room to write again, or nobody to write to. */
export function drained(channel: ByteChannel): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      channel.off('drain', done);
      channel.off('close', done);
      resolve();
    };
    channel.on('drain', done);
    channel.on('close', done);
  });
}
