import { once } from 'node:events';
import { Readable } from 'node:stream';

export interface OutputRecord {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/** Records that wait for the reader before the sources are paused. */
const HIGH_WATER_MARK = 16;

/** The records of several byte streams as one object stream. A slow reader pauses its sources and nothing else. */
export class Output extends Readable {
  readonly #sources = new Set<Readable>();
  #finished = false;

  constructor() {
    super({ objectMode: true, highWaterMark: HIGH_WATER_MARK });
    // Whoever attached may go without reading to the end.
    this.on('error', () => {});
  }

  /** Forwards a source; ends with its last one. `recordOf` tells what a chunk is; undefined: nobody asked for it. */
  add<Chunk>(source: Readable, recordOf: (chunk: Chunk) => OutputRecord | undefined): void {
    if (this.destroyed) {
      source.destroy();
      return;
    }
    this.#sources.add(source);
    source.on('data', (chunk: Chunk) => {
      const record = recordOf(chunk);
      if (record) this.#offer(record);
    });
    const done = () => {
      if (this.#sources.delete(source) && this.#sources.size === 0) this.finish();
    };
    source.once('end', done);
    source.once('close', done);
    // The other side going away is how every container's output ends.
    source.on('error', done);
    source.resume();
  }

  /** Puts one record in, once there is room for more. */
  async write(record: OutputRecord): Promise<void> {
    if (!this.#offer(record) && !this.destroyed) await once(this, 'wanted');
  }

  /** Nothing more will come. */
  finish(): void {
    if (this.#finished || this.destroyed) return;
    this.#finished = true;
    this.push(null);
  }

  /** False when the reader is behind: the sources are paused until it has caught up. */
  #offer(record: OutputRecord): boolean {
    if (this.#finished || this.destroyed) return true;
    const more = this.push(record);
    if (!more) for (const source of this.#sources) source.pause();
    return more;
  }

  override _read(): void {
    for (const source of this.#sources) source.resume();
    this.emit('wanted');
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    for (const source of this.#sources) source.destroy();
    this.#sources.clear();
    this.emit('wanted');
    callback(error);
  }
}
