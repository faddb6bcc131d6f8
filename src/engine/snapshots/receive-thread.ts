// A thread that is given a layer's tar, hashes it and writes it as an image.
import { createHash } from 'node:crypto';
import { type Sink, serveSink } from '#lib/thread-sink';
import { isUnfit, LayerImage } from '#oci/erofs';
import { finishImage, type ImageTarget, type WrittenLayer } from './finish-image.ts';
import { NewImageFile } from './image-file.ts';
import { sayFull } from './space-guard.ts';

export interface ReceivedTar {
  readonly diffId: string;
  /** None was to be, or could not be. */
  readonly image: WrittenLayer | undefined;
}

class TarSink implements Sink<ReceivedTar> {
  readonly #hash = createHash('sha256');
  readonly #opened = new DisposableStack();
  readonly #target: ImageTarget | undefined;
  #image: LayerImage | undefined;

  constructor(target: ImageTarget | undefined) {
    this.#target = target;
    if (target)
      this.#image = this.#opened.use(new LayerImage(this.#opened.use(new NewImageFile(target.path))));
  }

  push(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#unlessUnfit((image) => image.push(chunk));
  }

  finish(): ReceivedTar {
    using _opened = this.#opened;
    const image = this.#unlessUnfit((one, target) => finishImage(one, target));
    return { diffId: `sha256:${this.#hash.digest('hex')}`, image };
  }

  [Symbol.dispose](): void {
    this.#opened.dispose();
  }

  #unlessUnfit<T>(write: (image: LayerImage, target: ImageTarget) => T): T | undefined {
    if (!this.#image || !this.#target) return undefined;
    try {
      return write(this.#image, this.#target);
    } catch (error) {
      if (!isUnfit(error)) throw sayFull(error);
      this.#image = undefined;
      return undefined;
    }
  }
}

serveSink((target: ImageTarget | undefined) => new TarSink(target));
