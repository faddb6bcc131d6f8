import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { codeOf, invalid, unsupported } from '#lib/errors';
import { throughProgram } from './through-program.ts';

/** What layers may be stored with. */
export type Compression = 'none' | 'gzip' | 'zstd';
/** What archives may come with besides; read by the programs of these names, as Docker does it for xz. */
type Foreign = 'bzip2' | 'xz';

/** Bytes that `detectCompression` wants to see. */
export const MAGIC_BYTES = 6;

const startsWith = (head: Uint8Array, ...magic: number[]): boolean =>
  magic.every((byte, index) => head[index] === byte);

/** Of a stored layer, by magic number. @throws unsupported for bzip2 and xz, which no media type names */
export function detectCompression(head: Uint8Array): Compression {
  const compression = compressionOf(head);
  if (compression !== 'bzip2' && compression !== 'xz') return compression;
  throw unsupported(`${compression} compression is not supported: use gzip or zstd`);
}

function compressionOf(head: Uint8Array): Compression | Foreign {
  if (startsWith(head, 0x1f, 0x8b)) return 'gzip';
  if (startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  // A skippable frame may come first (zstd:chunked, pzstd).
  if (((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(head.subarray(1), 0x2a, 0x4d, 0x18)) return 'zstd';
  if (startsWith(head, 0x42, 0x5a, 0x68)) return 'bzip2';
  if (startsWith(head, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)) return 'xz';
  return 'none';
}

/**
 * The uncompressed stream, whatever the source is compressed with; several gzip members or zstd frames
 * in a row are one stream. @throws invalid when it is damaged or truncated, unsupported for bzip2 and xz where
 * their programs are missing
 */
export const decompress = (source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Readable =>
  Readable.from(decompressed(source, signal), { objectMode: false });

async function* decompressed(
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const { head, whole } = await peek(source);
  const compression = compressionOf(head);
  if (compression === 'bzip2' || compression === 'xz') {
    yield* throughProgram(whole, compression, signal);
    return;
  }
  const decoder = decoderOf(compression);
  if (decoder === undefined) {
    for await (const chunk of whole) {
      signal?.throwIfAborted();
      yield chunk;
    }
    return;
  }
  // Its failure is seen below: it destroys the decoder with the same error.
  pipeline(whole, decoder, { ...(signal && { signal }) }).catch(() => undefined);
  try {
    yield* decoder;
  } catch (error) {
    throw codeOf(error)?.startsWith('Z')
      ? invalid(`damaged or truncated compressed data: ${String(error)}`, error)
      : error;
  }
}

function decoderOf(compression: Compression): Transform | undefined {
  const options = { chunkSize: 128 * 1024 };
  if (compression === 'gzip') return createGunzip(options);
  return compression === 'zstd' ? createZstdDecompress(options) : undefined;
}

/** The first bytes of a stream, and the stream with them still in it. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
  count: number = MAGIC_BYTES,
): Promise<{ readonly head: Buffer; readonly whole: AsyncGenerator<Uint8Array, void> }> {
  const iterator = source[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < count) {
    const next = await iterator.next();
    if (next.done) break;
    parts.push(next.value);
    length += next.value.length;
  }
  return { head: Buffer.concat(parts), whole: resume(parts, iterator) };
}

async function* resume(
  parts: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* parts;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
