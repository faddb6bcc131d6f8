import { Readable } from 'node:stream';
import { cancelled } from '#lib/errors';
import { type Digest, verified } from '#oci/digest';
import type { Descriptor } from '#oci/image';
import { blobTarget } from './download.ts';
import { type Endpoint, refusalOf } from './endpoint.ts';
import { RegistryError } from './errors.ts';
import { NetworkError } from './network-errors.ts';
import { backOff, pause } from './pause.ts';

export interface Upload {
  readonly path: string;
  readonly descriptor: Descriptor;
  readonly scopes: readonly string[];
  /** Called again for each attempt. */
  readonly open: () => AsyncIterable<Uint8Array>;
  readonly retryDelay: number;
}

const MAX_ATTEMPTS = 3;

/** @throws RegistryError, NetworkError */
export async function hasBlob(
  endpoint: Endpoint,
  path: string,
  digest: Digest,
  scopes: readonly string[],
  signal?: AbortSignal,
): Promise<boolean> {
  const request = { method: 'HEAD', scopes } as const;
  const response = await endpoint.send(blobTarget(path, digest), request, signal);
  if (response.status !== 200 && response.status !== 404) throw await refusalOf(response, request);
  await response.discard();
  return response.status === 200;
}

/** Takes a blob over from another repository; false when the registry does not. @throws RegistryError, NetworkError */
export async function mountBlob(
  endpoint: Endpoint,
  path: string,
  blob: { readonly digest: Digest; readonly from: string },
  scopes: readonly string[],
  signal?: AbortSignal,
): Promise<boolean> {
  const query = new URLSearchParams({ mount: blob.digest, from: blob.from });
  const response = await endpoint.expect(
    [201, 202],
    `${path}/blobs/uploads/?${query}`,
    { method: 'POST', scopes },
    signal,
  );
  await response.discard();
  if (response.status === 201) return true;
  // It has opened an upload instead, which nobody will use.
  try {
    const abandoned = await endpoint.send(
      await endpoint.resolve(response),
      { method: 'DELETE', scopes },
      signal,
    );
    await abandoned.discard();
  } catch (error) {
    if (signal?.aborted) throw error;
  }
  return false;
}

/** @throws RegistryError, NetworkError, cancelled; what `open`'s stream throws; when its content is not what the descriptor says */
export async function uploadBlob(endpoint: Endpoint, upload: Upload, signal?: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await attemptUpload(endpoint, upload, signal);
      return;
    } catch (error) {
      if (signal?.aborted) throw cancelled();
      if (attempt === MAX_ATTEMPTS || !isPassing(error)) throw error;
      await pause(backOff(upload.retryDelay, attempt), signal);
    }
  }
}

const isPassing = (error: unknown): boolean =>
  (error instanceof NetworkError && error.transient) ||
  (error instanceof RegistryError && error.kind === 'unavailable');

/** POST opens the upload, PATCH sends the bytes, PUT closes it: the way that every registry knows from Docker. */
async function attemptUpload(
  endpoint: Endpoint,
  { path, descriptor, scopes, open }: Upload,
  signal?: AbortSignal,
): Promise<void> {
  const opened = await endpoint.expect(
    [202],
    `${path}/blobs/uploads/`,
    { method: 'POST', headers: { 'content-length': '0' }, scopes },
    signal,
  );
  await opened.discard();
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(descriptor.size) };
  const source = new Source(verified(open(), descriptor));
  const sent = await source.whileSending(async (body) =>
    endpoint.expect(
      [202, 204],
      await endpoint.resolve(opened),
      { method: 'PATCH', headers, body, scopes },
      signal,
    ),
  );
  await sent.discard();
  const target = await endpoint.resolve(sent.header('location') === undefined ? opened : sent);
  target.searchParams.set('digest', descriptor.digest);
  const closed = await endpoint.expect(
    [201, 204],
    target,
    { method: 'PUT', headers: { 'content-length': '0' }, scopes },
    signal,
  );
  await closed.discard();
}

/** A body that remembers why it failed: to HTTP it is only a broken connection. */
class Source {
  readonly #content: AsyncIterable<Uint8Array>;
  #failure: { readonly error: unknown } | undefined;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#content = content;
  }

  async whileSending<T>(send: (body: Readable) => Promise<T>): Promise<T> {
    const body = Readable.from(this.#watched(), { objectMode: false });
    try {
      return await send(body);
    } catch (error) {
      throw this.#failure ? this.#failure.error : error;
    } finally {
      body.destroy();
    }
  }

  async *#watched(): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const chunk of this.#content) yield chunk;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
