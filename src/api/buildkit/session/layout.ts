import { Readable } from 'node:stream';
import { invalid } from '#lib/errors';
import type { Digest } from '#oci/digest';
import {
  type Descriptor,
  encodeDocument,
  isIndex,
  isIndexType,
  isManifestType,
  MAX_MANIFEST_BYTES,
  MediaType,
  parseManifest,
} from '#oci/image';
import { blobPath, INDEX_FILE, LAYOUT_FILE, LAYOUT_MARKER } from '#oci/layout';
import { TAR_END, tarHeader, tarPadding } from '#oci/tar';
import { Content } from '#protocol/buildkit';
import type { ClientSession } from './client-session.ts';

/** Names the store of several that a blob is in. */
const STORE = 'buildkit-attachable-store-id';

/** An image of a client's OCI layout, as a tar that is such a layout with that image alone. @throws invalid */
export function readLayout(
  session: ClientSession,
  store: string,
  digest: Digest,
  signal: AbortSignal,
): Readable {
  session.expect(Content.method.read, 'an OCI layout as a context');
  return Readable.from(layoutOf(new ClientBlobs(session, store, signal), digest), { objectMode: false });
}

async function* layoutOf(blobs: ClientBlobs, digest: Digest): AsyncGenerator<Uint8Array> {
  const size = await blobs.sizeOf(digest);
  const document = await blobs.small(digest, size);
  const { mediaType } = parseManifest(document);
  const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [{ mediaType, digest, size }] };
  yield* file(LAYOUT_FILE, Buffer.from(LAYOUT_MARKER));
  yield* file(INDEX_FILE, encodeDocument(index));
  const written = new Set<string>();
  const left: Descriptor[] = [{ mediaType, digest, size }];
  for (let next = left.pop(); next; next = left.pop()) {
    if (written.has(next.digest)) continue;
    written.add(next.digest);
    if (!isIndexType(next.mediaType) && !isManifestType(next.mediaType)) {
      yield* blobs.member(next);
      continue;
    }
    const content = await blobs.small(next.digest, next.size);
    yield* file(blobPath(next.digest), content);
    const read = parseManifest(content, next.mediaType);
    left.push(...(isIndex(read) ? read.manifests : [read.config, ...read.layers]));
  }
  yield TAR_END;
}

function* file(path: string, content: Uint8Array): Generator<Uint8Array> {
  yield header(path, content.length);
  yield content;
  yield tarPadding(content.length);
}

const header = (path: string, size: number): Buffer => tarHeader({ path, type: 'file', mode: 0o644, size });

/** What a client holds by its digest. Whoever takes it in checks that it is that. */
class ClientBlobs {
  readonly #session: ClientSession;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;

  constructor(session: ClientSession, store: string, signal: AbortSignal) {
    this.#session = session;
    this.#metadata = { [STORE]: `oci:${store}` };
    this.#signal = signal;
  }

  async sizeOf(digest: Digest): Promise<number> {
    const { grpc } = this.#session;
    const { info } = await grpc.call(Content.method.info, { digest }, this.#signal, this.#metadata);
    return Number(info?.size ?? 0n);
  }

  /** A document. */
  async small(digest: Digest, size: number): Promise<Buffer> {
    if (size > MAX_MANIFEST_BYTES) throw invalid(`manifest ${digest} is too large: ${size} bytes`);
    return Buffer.concat(await Array.fromAsync(this.#read(digest, size)));
  }

  async *member({ digest, size }: Descriptor): AsyncGenerator<Uint8Array> {
    yield header(blobPath(digest), size);
    yield* this.#read(digest, size);
    yield tarPadding(size);
  }

  async *#read(digest: Digest, size: number): AsyncGenerator<Uint8Array> {
    const { grpc } = this.#session;
    using stream = grpc.open(Content.method.read, this.#metadata, this.#signal);
    await stream.send({ digest, offset: 0n, size: BigInt(size) });
    stream.end();
    let received = 0;
    for await (const { data } of stream) {
      received += data.length;
      if (received > size) break;
      yield data;
    }
    if (received !== size)
      throw invalid(`blob ${digest} of the client has not the ${size} bytes that it should`);
  }
}
