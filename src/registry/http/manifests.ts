import { MAX_MANIFEST_BYTES, MediaType } from '#oci/image';
import type { StoredManifest } from '../content/manifests.ts';
import { Refusal } from '../errors.ts';
import type { Reference } from '../names.ts';
import type { Registry } from '../registry.ts';
import type { BlobRequest } from './blobs.ts';
import type { Exchange } from './exchange.ts';
import { pageOf } from './page-of.ts';
import { namesTag } from './range.ts';

export interface ManifestRequest {
  readonly name: string;
  readonly reference: Reference;
}

/** A list of referrers is a manifest, with a manifest's limit: so many at once. */
const REFERRERS_AT_ONCE = 500;

export async function getManifest(
  registry: Registry,
  exchange: Exchange,
  { name, reference }: ManifestRequest,
): Promise<void> {
  await registry.upstreams.of(name)?.refresh(name, reference);
  const { digest, mediaType, size } = await registry.manifests.resolve(name, reference);
  const etag = `"${digest}"`;
  const headers = { 'docker-content-digest': digest, etag };
  if (namesTag(exchange.header('if-none-match'), etag)) return exchange.end(304, headers);
  const all = { ...headers, 'content-type': mediaType, 'content-length': size };
  if (exchange.method === 'HEAD') return exchange.end(200, all);
  exchange.send(200, await registry.manifests.read(digest), all);
}

export async function putManifest(
  registry: Registry,
  exchange: Exchange,
  { name, reference }: ManifestRequest,
): Promise<void> {
  const content = await exchange.read(
    MAX_MANIFEST_BYTES,
    () =>
      new Refusal('MANIFEST_INVALID', `the manifest is too large: at most ${MAX_MANIFEST_BYTES} bytes`, {
        status: 413,
      }),
  );
  const announced = exchange.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  // What curl says of any body says nothing.
  const vague = announced === 'application/json' || announced === 'application/x-www-form-urlencoded';
  const mediaType = vague ? undefined : announced || undefined;
  const stored = await registry.manifests.put({ repository: name, reference, mediaType, content });
  await announce(registry, exchange, { action: 'push', name, tag: reference.tag, manifest: stored });
  exchange.end(201, {
    location: `/v2/${name}/manifests/${stored.digest}`,
    'docker-content-digest': stored.digest,
    ...(stored.subject && { 'oci-subject': stored.subject }),
  });
}

export async function deleteManifest(
  registry: Registry,
  exchange: Exchange,
  { name, reference }: ManifestRequest,
): Promise<void> {
  const deleted = await registry.manifests.delete(name, reference);
  await announce(registry, exchange, { action: 'delete', name, tag: reference.tag, manifest: deleted });
  exchange.end(202);
}

interface Change {
  readonly action: 'push' | 'delete';
  readonly name: string;
  readonly tag: string | undefined;
  readonly manifest: StoredManifest;
}

async function announce(
  registry: Registry,
  exchange: Exchange,
  { action, name, tag, manifest }: Change,
): Promise<void> {
  const { digest, mediaType, size } = manifest;
  const { id, method, user, base, remote: addr } = exchange;
  const request = {
    id,
    addr,
    host: exchange.header('host'),
    method,
    useragent: exchange.header('user-agent'),
  };
  await registry.announce({ action, repository: name, tag, digest, mediaType, size, user, base, request });
}

/** An index of what says it belongs to a manifest, whether that is here or not. */
export async function listReferrers(
  registry: Registry,
  exchange: Exchange,
  { name, digest }: BlobRequest,
): Promise<void> {
  const { after } = pageOf(exchange.query);
  const found = await registry.manifests.referrers(name, digest, {
    limit: REFERRERS_AT_ONCE,
    ...(after !== undefined && { after }),
  });
  const wanted = exchange.query.get('artifactType');
  const manifests = wanted === null ? found : found.filter(({ artifactType }) => artifactType === wanted);
  const headers: Record<string, string> = { 'content-type': MediaType.ociIndex };
  if (wanted !== null) headers['oci-filters-applied'] = 'artifactType';
  const last = found.at(-1);
  if (last && found.length === REFERRERS_AT_ONCE) {
    const filter = wanted === null ? '' : `&artifactType=${encodeURIComponent(wanted)}`;
    headers['link'] = `</v2/${name}/referrers/${digest}?last=${last.digest}${filter}>; rel="next"`;
  }
  exchange.json(200, { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }, headers);
}
