import type { ImageFile } from '../index.ts';

/** An image in memory; what was never written are zeros. */
export class MemoryImage implements ImageFile {
  #bytes = Buffer.alloc(1 << 16);
  size = 0;

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(end * 2 - this.#bytes.length)]);
    }
    this.#bytes.set(bytes, position);
    this.size = Math.max(this.size, end);
  }

  read(buffer: Uint8Array, position: number): void {
    buffer.set(this.at(position, buffer.length));
  }

  at(position: number, length: number): Buffer {
    const found = Buffer.alloc(length);
    this.#bytes.copy(found, 0, position, Math.min(position + length, this.#bytes.length));
    return found;
  }
}
