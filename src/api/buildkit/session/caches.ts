import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { invalid } from '#lib/errors';
import { type Digest, isDigest } from '#oci/digest';
import type { Descriptor } from '#oci/image';
import { INDEX_FILE, LAYOUT_FILE, parseLayoutIndex } from '#oci/layout';
import { readMembers, TAR_END } from '#oci/tar';
import { Content } from '#protocol/buildkit';
import { code, GrpcError } from '../grpc/errors.ts';
import { ClientBlobs } from './client-blobs.ts';
import type { ClientSession } from './client-session.ts';
import { blobMember, indexFile, markerFile, rootOf } from './layout.ts';

const BLOB = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/;

/** Files of a cache in a directory of the client, as a tar. `reference`: the digest that the client has looked up. */
export function readCache(
  session: ClientSession,
  { name, reference }: { readonly name: string; readonly reference: string },
  paths: readonly string[],
  signal: AbortSignal,
): Readable {
  session.expect(Content.method.read, 'a cache of type=local');
  if (!isDigest(reference)) throw invalid(`cache ${name} of the client needs a digest, not "${reference}"`);
  const blobs = new ClientBlobs(session, `local:${name}`, signal);
  const members = async function* () {
    for (const path of paths) yield* member(blobs, path, reference);
    yield TAR_END;
  };
  return Readable.from(members(), { objectMode: false });
}

/** Nothing for a blob that is not there. */
async function* member(blobs: ClientBlobs, path: string, root: Digest): AsyncGenerator<Uint8Array> {
  if (path === LAYOUT_FILE) return yield* markerFile();
  if (path === INDEX_FILE) return yield* indexFile(await rootOf(blobs, root));
  const [, algorithm, hex] = BLOB.exec(path) ?? [];
  const digest = `${algorithm}:${hex}`;
  if (!isDigest(digest)) return;
  const size = await sizeOf(blobs, digest);
  if (size !== undefined) yield* blobMember(blobs, { digest, size });
}

async function sizeOf(blobs: ClientBlobs, digest: Digest): Promise<number | undefined> {
  try {
    return await blobs.sizeOf(digest);
  } catch (error) {
    if (error instanceof GrpcError && error.code === code.notFound) return undefined;
    throw error;
  }
}

/** Brings a cache to a directory of the client, which writes its index by itself: what belongs there. @throws invalid */
export async function writeCache(
  session: ClientSession,
  name: string,
  layout: Readable,
  signal: AbortSignal,
): Promise<Descriptor> {
  session.expect(Content.method.write, 'a cache of type=local');
  const blobs = new ClientBlobs(session, `local:${name}`, signal);
  let root: Descriptor | undefined;
  for await (const { entry, body } of readMembers(layout)) {
    const [, algorithm, hex] = BLOB.exec(entry.path) ?? [];
    const digest = `${algorithm}:${hex}`;
    if (entry.path === INDEX_FILE) [root] = parseLayoutIndex(await buffer(body)).manifests;
    else if (isDigest(digest)) await blobs.write(digest, entry.size, body);
  }
  if (!root) throw invalid(`the cache for ${name} has no index`);
  const { mediaType, digest, size } = root;
  return { mediaType, digest, size };
}
