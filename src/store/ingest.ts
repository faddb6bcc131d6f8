import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { codeOf, invalid } from '#lib/errors';
import { type Arrived, isDiskFull, receive } from './receive.ts';

/** A download that can be taken up again, even by a later process. Not for two users at once. */
export interface Ingest {
  /** Bytes already here. */
  readonly offset: number;
  /** Adds to what is here; after a failure what has arrived stays and `offset` tells it, unless the disk is full. */
  append(content: Readable | AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  /** Turns it into a blob. @throws invalid when it is not what was expected; nothing is kept then */
  commit(expected: { digest: string; size: number }): Promise<void>;
  discard(): Promise<void>;
}

/** What an ingest hands to its store: a file of this digest, fsynced. */
export type Adopt = (path: string, arrived: Arrived) => Promise<void>;

/** Takes up what lies at `path`, or begins it there. `adopt` gets the file in the end. */
export async function openIngest(path: string, adopt: Adopt): Promise<Ingest> {
  let offset = await sizeOf(path);
  // The hash of what came earlier is gone with the process that read it: read it again, lazily.
  let hash: Hash | undefined = offset === 0 ? createHash('sha256') : undefined;
  const discard = () => rm(path, { force: true });
  return {
    get offset() {
      return offset;
    },
    async append(content, signal) {
      hash ??= await hashOf(path, signal);
      const file = await open(path, 'a', 0o600);
      try {
        await receive(content, file, { hash, onBytes: (count) => void (offset += count) }, signal);
      } catch (error) {
        // To go on later needs the space that this takes from everybody; and there must be something to go on from.
        if (isDiskFull(error) || offset === 0) await discard();
        throw error;
      } finally {
        await file.close();
      }
    },
    async commit(expected) {
      const algorithm = expected.digest.startsWith('sha512:') ? 'sha512' : 'sha256';
      // What arrives is hashed for the usual kind of digest; for another it is read again.
      if (algorithm !== 'sha256') hash = undefined;
      hash ??= await hashOf(path, undefined, algorithm);
      const digest = `${algorithm}:${hash.digest('hex')}`;
      // It cannot be used again: who fails below may come back.
      hash = undefined;
      if (offset !== expected.size || digest !== expected.digest) {
        await discard();
        throw invalid(
          `content verification failed: expected ${expected.digest} (${expected.size} bytes), got ${digest} (${offset} bytes)`,
        );
      }
      const file = await open(path, 'a', 0o600);
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await adopt(path, { digest, size: offset });
    },
    discard,
  };
}

async function hashOf(path: string, signal?: AbortSignal, algorithm = 'sha256'): Promise<Hash> {
  const hash = createHash(algorithm);
  const content = createReadStream(path, { highWaterMark: 1 << 18, ...(signal && { signal }) });
  for await (const chunk of content) hash.update(chunk);
  return hash;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
