import { Readable } from 'node:stream';
import type { Digest } from '#oci/digest';
import {
  type Descriptor,
  encodeDocument,
  isIndex,
  isIndexType,
  isManifestType,
  MediaType,
  parseManifest,
} from '#oci/image';
import { blobPath, INDEX_FILE, LAYOUT_FILE, LAYOUT_MARKER } from '#oci/layout';
import { TAR_END, tarHeader, tarPadding } from '#oci/tar';
import { Content } from '#protocol/buildkit';
import { ClientBlobs } from './client-blobs.ts';
import type { ClientSession } from './client-session.ts';

/** An image of a client's OCI layout, as a tar that is such a layout with that image alone. @throws invalid */
export function readLayout(
  session: ClientSession,
  store: string,
  digest: Digest,
  signal: AbortSignal,
): Readable {
  session.expect(Content.method.read, 'an OCI layout as a context');
  return Readable.from(layoutOf(new ClientBlobs(session, `oci:${store}`, signal), digest), {
    objectMode: false,
  });
}

async function* layoutOf(blobs: ClientBlobs, digest: Digest): AsyncGenerator<Uint8Array> {
  const root = await rootOf(blobs, digest);
  yield* markerFile();
  yield* indexFile(root);
  const written = new Set<string>();
  const left: Descriptor[] = [root];
  for (let next = left.pop(); next; next = left.pop()) {
    if (written.has(next.digest)) continue;
    written.add(next.digest);
    if (!isIndexType(next.mediaType) && !isManifestType(next.mediaType)) {
      yield* blobMember(blobs, next);
      continue;
    }
    const content = await blobs.small(next.digest, next.size);
    yield* file(blobPath(next.digest), content);
    const read = parseManifest(content, next.mediaType);
    left.push(...(isIndex(read) ? read.manifests : [read.config, ...read.layers]));
  }
  yield TAR_END;
}

/** Of the manifest or index of that digest. */
export async function rootOf(blobs: ClientBlobs, digest: Digest): Promise<Descriptor> {
  const size = await blobs.sizeOf(digest);
  const { mediaType } = parseManifest(await blobs.small(digest, size));
  return { mediaType, digest, size };
}

export const markerFile = (): Generator<Uint8Array> => file(LAYOUT_FILE, Buffer.from(LAYOUT_MARKER));

export const indexFile = (root: Descriptor): Generator<Uint8Array> =>
  file(INDEX_FILE, encodeDocument({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [root] }));

export async function* blobMember(
  blobs: ClientBlobs,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): AsyncGenerator<Uint8Array> {
  yield memberHeader(blobPath(digest), size);
  yield* blobs.read(digest, size);
  yield tarPadding(size);
}

function* file(path: string, content: Uint8Array): Generator<Uint8Array> {
  yield memberHeader(path, content.length);
  yield content;
  yield tarPadding(content.length);
}

const memberHeader = (path: string, size: number): Buffer =>
  tarHeader({ path, type: 'file', mode: 0o644, size });
