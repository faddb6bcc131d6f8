import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { cancelled, codeOf, systemError } from '#lib/errors';

export interface Arrived {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** Bytes gathered before a write: fewer trips to the thread pool, and hashing in slices that no other request feels. */
const BATCH = 1 << 18;

/** Writes a stream at the end of a file and hashes it on the way. @throws cancelled; system when the disk is full */
export async function receive(
  content: AsyncIterable<Uint8Array>,
  file: FileHandle,
  into: { hash: Hash; onBytes: (count: number) => void },
  signal?: AbortSignal,
): Promise<void> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  const flush = async () => {
    const batch = waiting;
    waiting = [];
    const written = writeAll(file, batch, size);
    for (const chunk of batch) into.hash.update(chunk);
    await written;
    into.onBytes(size);
    size = 0;
  };
  for await (const chunk of content) {
    if (signal?.aborted) throw cancelled();
    waiting.push(chunk);
    size += chunk.length;
    if (size >= BATCH) await flush();
  }
  if (size > 0) await flush();
}

async function writeAll(file: FileHandle, batch: readonly Uint8Array[], size: number): Promise<void> {
  const [only] = batch;
  try {
    const { bytesWritten } = await file.writev(batch);
    if (bytesWritten === size) return;
    // Short writes happen at the edge of a full disk: the next one tells the reason.
    const rest = batch.length === 1 && only ? only : Buffer.concat(batch);
    await file.appendFile(rest.subarray(bytesWritten));
  } catch (error) {
    throw diskFull(error);
  }
}

/** ENOSPC and EDQUOT in words; anything else as it is. */
export function diskFull(error: unknown): unknown {
  if (!isDiskFull(error)) return error;
  return systemError(
    'no space left on device: free some space or remove unused images, then try again',
    error,
  );
}

/** As the kernel says it, or in the words of `diskFull`. */
export function isDiskFull(error: unknown): boolean {
  const code = codeOf(error) ?? (error instanceof Error ? codeOf(error.cause) : undefined);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
