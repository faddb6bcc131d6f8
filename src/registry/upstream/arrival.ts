import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { codeOf } from '#lib/errors';
import type { BlobInfo } from '../content/blobs.ts';
import { Refusal } from '../errors.ts';
import type { ByteRange } from '../http/range.ts';

const PIECE = 1 << 18;

/** A blob that is coming from the upstream: any number of clients read what is here of it, and wait for the rest. */
export class Arrival {
  readonly blob: BlobInfo;
  readonly #path: string;
  readonly #here: () => number;
  readonly #stored: (range: ByteRange) => Promise<Readable>;
  #more = Promise.withResolvers<void>();
  #state: 'coming' | 'verified' | 'failed' = 'coming';
  #failure: unknown;

  constructor(
    blob: BlobInfo,
    /** `here`: how many bytes of the file are there; `stored`: reads the blob that it becomes. */
    from: { path: string; here: () => number; stored: (range: ByteRange) => Promise<Readable> },
  ) {
    this.blob = blob;
    this.#path = from.path;
    this.#here = from.here;
    this.#stored = from.stored;
  }

  /** There is more, or it has ended. */
  progress(): void {
    const { resolve } = this.#more;
    this.#more = Promise.withResolvers();
    resolve();
  }

  end(failure?: unknown): void {
    this.#state = failure === undefined ? 'verified' : 'failed';
    this.#failure = failure;
    this.progress();
  }

  /** The last byte is held back until the whole is verified: nobody takes for whole what is not. */
  get #readable(): number {
    return this.#state === 'verified' ? this.blob.size : Math.min(this.#here(), this.blob.size - 1);
  }

  async *read({ start, end }: ByteRange): AsyncGenerator<Buffer, void> {
    while (this.#state === 'coming' && this.#readable <= start) await this.#more.promise;
    await using file = this.#state === 'coming' ? await this.#open() : undefined;
    // It has become a blob, or is about to.
    while (!file && this.#state === 'coming') await this.#more.promise;
    this.#check();
    if (!file) return yield* (await this.#stored({ start, end })) as AsyncIterable<Buffer>;
    for (let at = start; at <= end; ) {
      const most = Math.min(PIECE, this.#readable - at, end + 1 - at);
      if (most > 0) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(most), 0, most, at);
        if (bytesRead === 0) throw new Error('the file of an arriving blob became shorter');
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      } else {
        this.#check();
        await this.#more.promise;
      }
    }
  }

  /** Once open it is the same file, by whatever name. */
  async #open(): Promise<FileHandle | undefined> {
    try {
      return await open(this.#path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #check(): void {
    if (this.#state === 'failed')
      throw new Refusal('UNAVAILABLE', 'the upstream did not send the blob', {
        status: 502,
        cause: this.#failure,
      });
  }
}
