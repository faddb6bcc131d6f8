import { createReadStream } from 'node:fs';

/** Opens a part of a file when the first of it is wanted: what nobody comes to read leaves nothing open. */
export async function* readPart({
  path,
  start,
  length,
}: {
  readonly path: string;
  readonly start: number;
  readonly length: number;
}): AsyncGenerator<Uint8Array, void> {
  if (length <= 0) return;
  yield* createReadStream(path, { highWaterMark: 1 << 18, start, end: start + length - 1 });
}
