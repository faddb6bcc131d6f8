import { cancelled, invalid, systemError } from '#lib/errors';
import { TAR_END, tarHeader, tarPadding } from '#oci/layer';
import { FileSync, type Stat } from '#protocol/buildkit';
import type { GrpcStream } from '../grpc/client.ts';
import { code, GrpcError } from '../grpc/errors.ts';
import type { ClientSession } from './client-session.ts';
import { packet } from './packet.ts';
import { headerOf, isContent } from './stat.ts';

export interface FilesRequest {
  /** Under which the client shares the directory: `context`, `dockerfile`. */
  readonly directory: string;
  readonly excludes?: readonly string[];
  /** Paths, symlinks in them followed; with none, all files. */
  readonly paths?: readonly string[];
}

/** Bytes that may be asked for ahead of the file that is due: what comes early is held in memory. */
const AHEAD = 4 * 2 ** 20;
/** Files that may be. */
const FILES_AHEAD = 256;

type Stream = GrpcStream<(typeof FileSync)['method']['diffCopy']>;

/**
 * A directory of the client as a tar. Protocol of tonistiigi/fsutil (send.go, receive.go): the client lists what it
 * has and ends the list with a packet without a file; we ask for files by their place in the list; parts of several
 * come mixed, an empty one ends its file; we say that it is all, the client agrees.
 */
export async function* receiveFiles(
  session: ClientSession,
  { directory, excludes = [], paths = [] }: FilesRequest,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  session.expect(FileSync.method.diffCopy, 'reading files of the client');
  using stream = session.grpc.open(
    FileSync.method.diffCopy,
    {
      'dir-name': directory,
      'exclude-patterns': excludes,
      followpaths: paths,
      'override-excludes': 'true',
    },
    signal,
  );
  try {
    yield* new Receiver(stream, signal).receive();
  } catch (error) {
    if (error instanceof GrpcError && error.code === code.notFound)
      throw invalid(`the client shares no directory "${directory}"`, error);
    throw error;
  }
}

interface Listed {
  readonly stat: Stat;
  readonly size: number;
  /** What came of it and was not given on yet. */
  readonly parts: Uint8Array[];
  received: number;
  complete: boolean;
}

class Receiver {
  readonly #stream: Stream;
  readonly #packets: AsyncIterator<{ type: number; id: number; data: Uint8Array; stat?: Stat | undefined }>;
  readonly #signal: AbortSignal;
  readonly #asked = new Map<number, Listed>();
  #ahead = 0;

  constructor(stream: Stream, signal: AbortSignal) {
    this.#stream = stream;
    this.#packets = stream[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  async *receive(): AsyncGenerator<Uint8Array> {
    const listed = await this.#list();
    let next = 0;
    for (const [id, file] of listed.entries()) {
      for (; next < listed.length && (next <= id || this.#mayAsk()); next++)
        await this.#ask(next, listed[next]);
      yield tarHeader(headerOf(file.stat));
      if (!isContent(file.stat)) continue;
      yield* this.#contentOf(file);
      yield tarPadding(file.size);
      this.#asked.delete(id);
      this.#ahead -= file.size;
    }
    yield TAR_END;
    await this.#finish();
  }

  async #list(): Promise<Listed[]> {
    const listed: Listed[] = [];
    for (;;) {
      const { type, stat } = await this.#next();
      if (type !== packet.stat)
        throw systemError(`the client sent packet ${type} in place of its list of files`);
      if (!stat) return listed;
      listed.push({ stat, size: Number(stat.size), parts: [], received: 0, complete: false });
    }
  }

  #mayAsk(): boolean {
    return this.#ahead < AHEAD && this.#asked.size < FILES_AHEAD;
  }

  async #ask(id: number, file: Listed | undefined): Promise<void> {
    if (!file || !isContent(file.stat)) return;
    this.#asked.set(id, file);
    this.#ahead += file.size;
    await this.#stream.send({ type: packet.request, id });
  }

  async *#contentOf(file: Listed): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield* file.parts.splice(0);
      if (file.complete) break;
      await this.#take();
    }
    if (file.received !== file.size)
      throw invalid(
        `${file.stat.path} changed while it was sent: ${file.received} bytes of ${file.size} came`,
      );
  }

  async #take(): Promise<void> {
    const { type, id, data } = await this.#next();
    const file = this.#asked.get(id);
    if (type !== packet.data || !file)
      throw systemError(`the client sent packet ${type} of a file that nobody asked for`);
    if (data.length === 0) {
      file.complete = true;
      return;
    }
    file.received += data.length;
    if (file.received > file.size) throw invalid(`${file.stat.path} grew while it was sent`);
    file.parts.push(data);
  }

  async #next() {
    const { done, value } = await this.#packets.next();
    if (this.#signal.aborted) throw cancelled('the build was cancelled');
    if (done) throw systemError('the client ended the transfer of files too early');
    if (value.type === packet.error)
      throw invalid(`the client cannot send its files: ${Buffer.from(value.data).toString()}`);
    return value;
  }

  async #finish(): Promise<void> {
    await this.#stream.send({ type: packet.end });
    for (;;) if ((await this.#next()).type === packet.end) break;
    this.#stream.end();
  }
}
