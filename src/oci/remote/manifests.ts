import { invalid } from '#lib/errors';
import { algorithmOf, type Digest, DigestMismatchError, digestOf, isDigest } from '#oci/digest';
import { type Descriptor, MANIFEST_TYPES, MAX_MANIFEST_BYTES, parseManifest } from '#oci/image';
import { type Endpoint, refusalOf } from './endpoint.ts';
import type { Response } from './transport.ts';

export interface FetchedManifest {
  /** Its digest is that of `content`, verified against what was asked for. */
  readonly descriptor: Descriptor;
  readonly content: Buffer;
}

export interface ManifestRequest {
  readonly path: string;
  /** Tag or digest. */
  readonly name: string;
  readonly scopes: readonly string[];
}

const ACCEPT = { accept: MANIFEST_TYPES.join(', ') };
const MISSING = 'MANIFEST_UNKNOWN';

/** @throws RegistryError, invalid */
export async function fetchManifest(
  endpoint: Endpoint,
  { path, name, scopes }: ManifestRequest,
  signal?: AbortSignal,
): Promise<FetchedManifest> {
  const request = { method: 'GET', headers: ACCEPT, scopes, missing: MISSING } as const;
  const response = await endpoint.expect([200], `${path}/manifests/${name}`, request, signal);
  const length = Number(response.header('content-length') ?? 0);
  if (length > MAX_MANIFEST_BYTES) {
    response.body.destroy();
    throw invalid(`manifest ${name} is too large: ${length} bytes, the limit is ${MAX_MANIFEST_BYTES}`);
  }
  const content = await response.read(MAX_MANIFEST_BYTES);
  const promised = isDigest(name) ? name : digestHeader(response);
  const digest = digestOf(content, promised ? algorithmOf(promised) : 'sha256');
  if (promised !== undefined && promised !== digest)
    throw new DigestMismatchError(promised, digest, 'manifest');
  const { mediaType } = parseManifest(content, contentType(response));
  return { descriptor: { mediaType, digest, size: content.length }, content };
}

/** Without fetching it, where the registry tells enough. @throws RegistryError, invalid */
export async function resolveManifest(
  endpoint: Endpoint,
  request: ManifestRequest,
  signal?: AbortSignal,
): Promise<Descriptor> {
  const { path, name, scopes } = request;
  const response = await endpoint.send(
    `${path}/manifests/${name}`,
    { method: 'HEAD', headers: ACCEPT, scopes },
    signal,
  );
  await response.discard();
  const digest = digestHeader(response) ?? (isDigest(name) ? name : undefined);
  const size = Number(response.header('content-length') ?? Number.NaN);
  const mediaType = contentType(response);
  const told = digest !== undefined && Number.isSafeInteger(size) && mediaType !== undefined;
  if (response.status === 200 && told) return { mediaType, digest, size };
  // Some registries answer HEAD badly; and a refusal has its reasons in the body.
  return (await fetchManifest(endpoint, request, signal)).descriptor;
}

/** @returns its digest. @throws RegistryError */
export async function putManifest(
  endpoint: Endpoint,
  { path, name, scopes }: ManifestRequest,
  { mediaType, content }: { readonly mediaType: string; readonly content: Uint8Array },
  signal?: AbortSignal,
): Promise<Digest> {
  const body = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const request = { method: 'PUT', headers: { 'content-type': mediaType }, body, scopes } as const;
  const response = await endpoint.send(`${path}/manifests/${name}`, request, signal);
  if (response.status !== 201 && response.status !== 200) throw await refusalOf(response, request);
  await response.discard();
  const stored = digestHeader(response);
  const digest = digestOf(content, stored ? algorithmOf(stored) : 'sha256');
  if (stored !== undefined && stored !== digest)
    throw new DigestMismatchError(digest, stored, 'pushed manifest');
  return digest;
}

function digestHeader(response: Response): Digest | undefined {
  const text = response.header('docker-content-digest');
  return text !== undefined && isDigest(text) ? text : undefined;
}

/** Only when it says what the document is: some servers call everything JSON or plain text. */
function contentType(response: Response): string | undefined {
  const type = response.header('content-type')?.split(';')[0]?.trim();
  return type?.startsWith('application/vnd.') ? type : undefined;
}
