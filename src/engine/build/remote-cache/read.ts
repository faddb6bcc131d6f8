import type { ForeignContent } from '#engine/images';
import { type Descriptor, isIndex, type Manifest, parseManifest } from '#oci/image';
import { CACHE_CONFIG, decodeCache, decodeInline, type RemoteResult } from './config.ts';

/** What of results and cache mounts lies somewhere. */
export interface RemoteContents {
  readonly results: ReadonlyMap<string, RemoteResult>;
  /** Archives of directories, by the ids of their mounts. */
  readonly mounts: ReadonlyMap<string, RemoteMount>;
}

export interface RemoteMount {
  readonly diffId: string;
  readonly blob: Descriptor;
}

/** Of a directory that a cache mount left. */
export const CACHE_MOUNT = 'application/vnd.berth.cachemount.v1.tar+gzip';
export const MOUNT_ID = 'berth.cachemount.id';
export const MOUNT_DIFF_ID = 'berth.cachemount.diff-id';

/** Reads a cache as BuildKit writes it: a manifest or an index with its config, or images with theirs inline. */
export async function readCache(content: ForeignContent): Promise<RemoteContents> {
  const { root } = content;
  const document = parseManifest(await content.read(root), root.mediaType);
  if (!isIndex(document)) return await readManifest(content, document);
  const config = document.manifests.find(({ mediaType }) => mediaType === CACHE_CONFIG);
  if (config) {
    const results = decodeCache(await content.read(config), document.manifests);
    return { results, mounts: new Map() };
  }
  const contents: RemoteContents[] = [];
  for (const child of document.manifests) {
    if (child.platform?.os === 'unknown') continue;
    const inner = parseManifest(await content.read(child), child.mediaType);
    if (!isIndex(inner)) contents.push(await readManifest(content, inner));
  }
  return {
    results: new Map(contents.flatMap(({ results }) => [...results])),
    mounts: new Map(contents.flatMap(({ mounts }) => [...mounts])),
  };
}

async function readManifest(content: ForeignContent, { config, layers }: Manifest): Promise<RemoteContents> {
  const bytes = await content.read(config);
  if (config.mediaType !== CACHE_CONFIG)
    return { results: decodeInline(bytes, layers) ?? new Map(), mounts: new Map() };
  const mounts = layers.flatMap((blob): [string, RemoteMount][] => {
    const id = blob.annotations?.[MOUNT_ID];
    const diffId = blob.annotations?.[MOUNT_DIFF_ID];
    if (blob.mediaType !== CACHE_MOUNT || id === undefined || diffId === undefined) return [];
    return [[id, { diffId, blob: { ...blob, annotations: undefined } }]];
  });
  return { results: decodeCache(bytes, layers), mounts: new Map(mounts) };
}
