import { cancelled } from '#lib/errors';
import { type Digest, SizeMismatchError } from '#oci/digest';
import type { Descriptor } from '#oci/image';
import { type Endpoint, refusalOf } from './endpoint.ts';
import { NetworkError } from './network-errors.ts';
import { backOff, pause, spread } from './pause.ts';
import type { Response } from './transport.ts';

/** Who is asked: an endpoint, or whoever else has the blob. */
export type BlobServer = Pick<Endpoint, 'send'>;

export interface Download {
  /** Below the API, or a URL of its own. */
  readonly target: string | URL;
  readonly descriptor: Descriptor;
  /** Where to begin, in bytes. */
  readonly offset: number;
  /** Where to end, exclusive: a part is asked for. A server that knows no ranges sends all that follows, too. */
  readonly end?: number | undefined;
  /** Told with each answer: does the server send the part that was asked for? */
  readonly onAnswer?: ((partial: boolean) => void) | undefined;
  readonly scopes: readonly string[];
  readonly retryDelay: number;
  /** Without a single byte between them. */
  readonly attempts: number;
}

/**
 * A blob's bytes from `offset` on. When the connection breaks, goes on where it broke. Not verified but
 * for the length. @throws RegistryError, NetworkError, SizeMismatchError, cancelled
 */
export async function* downloadBlob(
  server: BlobServer,
  download: Download,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const { size, digest } = download.descriptor;
  let position = download.offset;
  let end = download.end ?? size;
  for (let breaks = 0; position < end; ) {
    const before = position;
    // Who was there before may be back in a moment.
    const attempts = position > download.offset ? 1 : download.attempts;
    let response: Response | undefined;
    try {
      response = await open(server, { ...download, offset: position, attempts }, signal);
      const partial = response.status === 206;
      download.onAnswer?.(partial);
      if (!partial) end = size;
      for await (const chunk of bytesFrom(response, position)) {
        position += chunk.length;
        if (position > end) throw new SizeMismatchError(digest, size, position);
        yield chunk;
      }
      // It ended early and in good order: either the connection was cut by a proxy or the blob is shorter.
      if (position === before && position < end) throw new SizeMismatchError(digest, size, position);
    } catch (error) {
      if (signal?.aborted) throw cancelled();
      const begun = response !== undefined || position > download.offset;
      if (!(error instanceof NetworkError) || !begun) throw error;
      breaks = position > before ? 1 : breaks + 1;
      if (breaks >= download.attempts) throw error;
      await pause(spread(backOff(download.retryDelay, breaks)), signal);
    }
  }
}

/** As often as it may be tried. */
async function open(
  server: BlobServer,
  { target, descriptor, offset, end, scopes, attempts }: Download,
  signal?: AbortSignal,
): Promise<Response> {
  const { digest, size } = descriptor;
  const ranged = offset > 0 || end !== undefined;
  const headers: Record<string, string> = ranged
    ? { range: `bytes=${offset}-${end === undefined ? '' : end - 1}` }
    : {};
  const request = { method: 'GET', headers, scopes, attempts, missing: 'BLOB_UNKNOWN' } as const;
  const response = await server.send(target, request, signal);
  const whole = response.status === 206 ? totalOf(response) : undefined;
  if (response.status === 416 || (whole !== undefined && whole !== size)) {
    await response.discard();
    throw new SizeMismatchError(digest, size, whole ?? offset);
  }
  if (response.status === 200 || (response.status === 206 && ranged)) return response;
  throw await refusalOf(response, request);
}

export const blobTarget = (path: string, digest: Digest): string => `${path}/blobs/${digest}`;

/** The body from a position on, whatever the server sends: some ignore Range and begin at the beginning. */
async function* bytesFrom(response: Response, position: number): AsyncGenerator<Uint8Array, void> {
  let skip = position - startOf(response);
  const what = `GET ${response.url.origin}${response.url.pathname}`;
  if (skip < 0) throw new NetworkError(what, new Error('the server sends another range'));
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      if (skip < chunk.length) yield skip > 0 ? chunk.subarray(skip) : chunk;
      skip = Math.max(0, skip - chunk.length);
    }
  } catch (error) {
    throw new NetworkError(what, error);
  }
}

function startOf(response: Response): number {
  if (response.status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(response.header('content-range') ?? '')?.[1] ?? Number.MAX_SAFE_INTEGER);
}

/** How long the server says that the whole is. */
function totalOf(response: Response): number | undefined {
  const total = /^bytes \d+-\d+\/(\d+)$/.exec(response.header('content-range') ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}
