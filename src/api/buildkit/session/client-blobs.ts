import { invalid } from '#lib/errors';
import type { Digest } from '#oci/digest';
import { MAX_MANIFEST_BYTES } from '#oci/image';
import { Content } from '#protocol/buildkit';
import { code, GrpcError } from '../grpc/errors.ts';
import type { ClientSession } from './client-session.ts';

/** Names the store of several that a blob is in. */
const STORE = 'buildkit-attachable-store-id';
const action = { write: 1, commit: 2 } as const;
/** Bytes that leave in one message. */
const PIECE = 2 ** 20;

/** What a client holds by its digest. Whoever takes it in checks that it is that. */
export class ClientBlobs {
  readonly #session: ClientSession;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;

  constructor(session: ClientSession, store: string, signal: AbortSignal) {
    this.#session = session;
    this.#metadata = { [STORE]: store };
    this.#signal = signal;
  }

  /** @throws GrpcError when it is not there */
  async sizeOf(digest: Digest): Promise<number> {
    const { grpc } = this.#session;
    const { info } = await grpc.call(Content.method.info, { digest }, this.#signal, this.#metadata);
    return Number(info?.size ?? 0n);
  }

  /** A document. @throws invalid */
  async small(digest: Digest, size: number): Promise<Buffer> {
    if (size > MAX_MANIFEST_BYTES) throw invalid(`manifest ${digest} is too large: ${size} bytes`);
    return Buffer.concat(await Array.fromAsync(this.read(digest, size)));
  }

  /** @throws invalid when it has another size */
  async *read(digest: Digest, size: number): AsyncGenerator<Uint8Array> {
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

  /** What is there already stays. Each piece is answered before the next leaves. */
  async write(digest: Digest, size: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    using stream = this.#session.grpc.open(Content.method.write, this.#metadata, this.#signal);
    const answers = stream[Symbol.asyncIterator]();
    const common = { ref: `berth-${digest}`, total: BigInt(size), expected: digest };
    let offset = 0;
    try {
      for await (const chunk of content) {
        for (let at = 0; at < chunk.length; at += PIECE) {
          const data = chunk.subarray(at, at + PIECE);
          await stream.send({ ...common, action: action.write, offset: BigInt(offset), data });
          await answers.next();
          offset += data.length;
        }
      }
      await stream.send({ ...common, action: action.commit, offset: BigInt(offset) });
      await answers.next();
      stream.end();
    } catch (error) {
      if (!(error instanceof GrpcError && error.code === code.alreadyExists)) throw error;
      for await (const _ of content);
    }
  }
}
