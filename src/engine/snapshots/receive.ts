import { feedThread } from '#lib/thread-sink';
import type { ImageTarget } from './finish-image.ts';
import type { ReceivedTar } from './receive-thread.ts';

/** Bytes that go to the thread at once: each message wakes it, and is answered. */
const BATCH = 1 << 20;

/**
 * Hashes a layer's tar as it comes and, with a target, writes it as an image, if it can be one.
 * @throws invalid; system when the disk is full
 */
export const receiveTar = (
  target: ImageTarget | undefined,
  tar: AsyncIterable<Uint8Array>,
): Promise<ReceivedTar> =>
  feedThread<ImageTarget | undefined, ReceivedTar>(
    new URL('./receive-thread.ts', import.meta.url),
    target,
    batches(tar),
  );

async function* batches(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < BATCH) continue;
    yield joined(waiting, size);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield joined(waiting, size);
}

/** A copy of its own: a message carries all of the memory that a chunk is a part of. */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let position = 0;
  for (const chunk of chunks) {
    all.set(chunk, position);
    position += chunk.length;
  }
  return all;
}
