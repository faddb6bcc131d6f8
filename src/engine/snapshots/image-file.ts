import { closeSync, fchmodSync, openSync, readSync, writeSync } from 'node:fs';
import type { ImageFile } from '#oci/erofs';
import { spaceGuard } from './space-guard.ts';

/** A new file that an image is written to. Once it is mounted, nobody may write to it. */
export class NewImageFile implements ImageFile, Disposable {
  readonly #fd: number;
  readonly #guard: (bytes: number) => void;

  constructor(path: string) {
    this.#fd = openSync(path, 'wx+', 0o600);
    this.#guard = spaceGuard(path);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#guard(bytes.length);
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(this.#fd, bytes, at, bytes.length - at, position + at);
    }
  }

  read(buffer: Uint8Array, position: number): void {
    for (let at = 0; at < buffer.length; ) {
      const length = readSync(this.#fd, buffer, at, buffer.length - at, position + at);
      if (length === 0) throw new Error(`an image ends at ${position + at}, where its archive goes on`);
      at += length;
    }
  }

  [Symbol.dispose](): void {
    fchmodSync(this.#fd, 0o400);
    closeSync(this.#fd);
  }
}
