import { isDigest } from '#oci/digest';
import { type Descriptor, UntrustedValue } from '#oci/image';

/** Of BuildKit (cache/remotecache/v1): which results lie in a cache, by their keys. */
export const CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0';
/** Field of an image's config that holds the same, base64: its layers are those of the image. */
export const INLINE_CACHE = 'moby.buildkit.cache.v0';
const UNCOMPRESSED = 'containerd.io/uncompressed';

export interface RemoteLayer {
  readonly diffId: string;
  readonly blob: Descriptor;
}

/** What a step resulted in, as others can take it up. */
export interface RemoteResult {
  readonly keys: readonly string[];
  /** Bottom first. */
  readonly layers: readonly RemoteLayer[];
  /** RFC 3339. */
  readonly created: string;
}

interface CacheLayer {
  readonly blob: string;
  readonly parent: number;
  readonly annotations: object;
}

interface CacheRecord {
  readonly digest: string;
  readonly layers: readonly { readonly layer: number; readonly createdAt: string }[];
}

/** The config of a cache, and the layers that its manifest must name. */
export function encodeCache(results: readonly RemoteResult[]): {
  readonly config: { readonly layers: readonly CacheLayer[]; readonly records: readonly CacheRecord[] };
  readonly blobs: readonly Descriptor[];
} {
  const layers: CacheLayer[] = [];
  const byChain = new Map<string, number>();
  const blobs = new Map<string, Descriptor>();
  const records = new Map<string, CacheRecord>();
  for (const { keys, layers: chain, created } of results) {
    let at = -1;
    for (const { diffId, blob } of chain) {
      const id = `${at} ${blob.digest}`;
      const known = byChain.get(id);
      if (known === undefined) {
        const { mediaType, size } = blob;
        layers.push({ blob: blob.digest, parent: at, annotations: { mediaType, diffID: diffId, size } });
        byChain.set(id, layers.length - 1);
        blobs.set(blob.digest, withUncompressed(blob, diffId));
      }
      at = known ?? layers.length - 1;
    }
    if (at < 0) continue;
    for (const key of keys) records.set(key, { digest: key, layers: [{ layer: at, createdAt: created }] });
  }
  const sorted = [...records.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  return { config: { layers, records: sorted }, blobs: [...blobs.values()] };
}

const withUncompressed = (blob: Descriptor, diffId: string): Descriptor => ({
  ...blob,
  annotations: { ...blob.annotations, [UNCOMPRESSED]: diffId },
});

/** What of results is in an image of these layers, for its config. */
export function encodeInline(results: readonly RemoteResult[], diffIds: readonly string[]): string {
  const records = results.flatMap(({ keys, layers, created }): CacheRecord[] => {
    if (layers.length === 0 || layers.some(({ diffId }, index) => diffId !== diffIds[index])) return [];
    return keys.map((digest) => ({ digest, layers: [{ layer: layers.length - 1, createdAt: created }] }));
  });
  return Buffer.from(JSON.stringify(records)).toString('base64');
}

/** Results by their keys. `blobs`: the layers that the manifest names. @throws invalid for what is no such config */
export function decodeCache(content: Uint8Array, blobs: readonly Descriptor[]): Map<string, RemoteResult> {
  const document = UntrustedValue.parse(content, content.length, 'cache config');
  const byDigest = new Map(blobs.map((blob) => [String(blob.digest), blob]));
  const nodes = (document.field('layers').list() ?? []).map((layer) => {
    const blob = byDigest.get(layer.field('blob').string() ?? '');
    const diffId = layer.field('annotations').field('diffID').string() ?? blob?.annotations?.[UNCOMPRESSED];
    const parent = layer.field('parent').integer() ?? 0;
    return { blob, diffId, parent };
  });
  const chainTo = (top: number): RemoteLayer[] | undefined => {
    const chain: RemoteLayer[] = [];
    for (let at = top; at >= 0; ) {
      const node = nodes[at];
      // More than there are is a circle.
      if (!node?.blob || !isDigest(node.diffId ?? '') || chain.length > nodes.length) return undefined;
      chain.unshift({ diffId: node.diffId ?? '', blob: plain(node.blob) });
      at = node.parent;
    }
    return chain;
  };
  return decodeRecords(document.field('records'), chainTo);
}

/** The same of an image's config. */
export function decodeInline(
  content: Uint8Array,
  blobs: readonly Descriptor[],
): Map<string, RemoteResult> | undefined {
  const document = UntrustedValue.parse(content, content.length, 'image config');
  const encoded = document.field(INLINE_CACHE).string();
  if (!encoded) return undefined;
  const diffIds = (document.field('rootfs').field('diff_ids').list() ?? []).map(
    (each) => each.string() ?? '',
  );
  const layers = blobs.map((blob, index) => ({ diffId: diffIds[index] ?? '', blob: plain(blob) }));
  const bytes = Buffer.from(`{"records":${Buffer.from(encoded, 'base64').toString()}}`);
  const records = UntrustedValue.parse(bytes, bytes.length, 'inline cache').field('records');
  return decodeRecords(records, (top) => (top < layers.length ? layers.slice(0, top + 1) : undefined));
}

function decodeRecords(
  records: UntrustedValue,
  chainTo: (top: number) => readonly RemoteLayer[] | undefined,
): Map<string, RemoteResult> {
  const results = new Map<string, RemoteResult>();
  for (const record of records.list() ?? []) {
    const key = record.field('digest').string() ?? '';
    const [result] = record.field('layers').list() ?? [];
    // Without a result it only links others: BuildKit writes such.
    const top = result?.field('layer').integer();
    const layers = top === undefined ? undefined : chainTo(top);
    if (!layers || layers.length === 0 || key === '') continue;
    results.set(key, { keys: [key], layers, created: result?.field('createdAt').string() ?? '' });
  }
  return results;
}

const plain = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size });
