import type { Digest } from '#oci/digest';
import { blobTarget } from './download.ts';
import { type Endpoint, refusalOf } from './endpoint.ts';

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
