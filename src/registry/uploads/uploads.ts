import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, isKind } from '#lib/errors';
import { type Digest, parseDigest } from '#oci/digest';
import { type Ingest, isDiskFull, openIngest } from '#store';
import { Refusal } from '../errors.ts';
import type { Storage } from '../storage/index.ts';

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A blob on its way in. */
export interface Upload {
  readonly id: string;
  readonly repository: string;
  /** When it began, in milliseconds since 1970. */
  readonly started: number;
  /** Bytes that are here. */
  readonly offset: number;
}

interface Session extends Upload {
  readonly ingest: Ingest;
  /** Ends the request that is sending. */
  interrupt: (() => void) | undefined;
  /** Resolves when nobody works on it. */
  settled: Promise<void>;
}

/** Whoever has it works on the upload alone. */
export interface Turn extends Upload, Disposable {
  append(content: AsyncIterable<Uint8Array>): Promise<void>;
  /** @throws DIGEST_INVALID when it is something else; nothing is kept then */
  commit(digest: Digest): Promise<{ readonly digest: Digest; readonly size: number }>;
  cancel(): Promise<void>;
}

/**
 * Uploads as files below a directory: `<id>` is what has arrived, `<id>.json` tells whose it is. What has arrived stays
 * when a connection breaks or the process is killed, until the upload is ended or expires.
 */
export class Uploads {
  readonly #directory: string;
  readonly #storage: Storage;
  readonly #sessions = new Map<string, Session>();

  private constructor(directory: string, storage: Storage) {
    this.#directory = directory;
    this.#storage = storage;
  }

  static async open(directory: string, storage: Storage): Promise<Uploads> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new Uploads(directory, storage);
  }

  /** Uploads under way in this process. */
  get count(): number {
    return this.#sessions.size;
  }

  async begin(repository: string): Promise<Upload> {
    const id = randomUUID();
    const started = Date.now();
    await writeFile(this.#note(id), JSON.stringify({ repository, started }), { mode: 0o600 });
    return this.#open(id, repository, started);
  }

  /** @throws BLOB_UPLOAD_UNKNOWN */
  async find(repository: string, id: string): Promise<Upload> {
    return this.#session(repository, id);
  }

  /**
   * Takes an upload over; `interrupt` is called when a later request wants it: the earlier one's connection is dead
   * more often than not. @throws BLOB_UPLOAD_UNKNOWN
   */
  async take(repository: string, id: string, interrupt: () => void): Promise<Turn> {
    for (;;) {
      const session = await this.#session(repository, id);
      if (session.interrupt === undefined) return this.#turn(session, interrupt);
      session.interrupt();
      await session.settled;
    }
  }

  /** Removes what nobody has touched since `time`; tells how many. */
  async expire(time: number): Promise<number> {
    let expired = 0;
    for (const name of await readdir(this.#directory)) {
      const id = name.replace(/\.json$/, '');
      if (name === id || this.#sessions.get(id)?.interrupt) continue;
      const touched = await Promise.all([this.#file(id), this.#note(id)].map(changed));
      if (Math.max(...touched) >= time || this.#sessions.get(id)?.interrupt) continue;
      await this.#remove(id);
      expired++;
    }
    return expired;
  }

  async #session(repository: string, id: string): Promise<Session> {
    const session = this.#sessions.get(id) ?? (ID.test(id) ? await this.#revive(id) : undefined);
    if (session?.repository !== repository)
      throw new Refusal('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry', {
        detail: { id: id.slice(0, 40) },
      });
    return session;
  }

  /** One that an earlier life of the process began. */
  async #revive(id: string): Promise<Session | undefined> {
    try {
      const { repository, started } = JSON.parse(await readFile(this.#note(id), 'utf8')) as Upload;
      return await this.#open(id, repository, started);
    } catch (error) {
      // A note that was cut off belongs to an upload that nobody was told of.
      if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  async #open(id: string, repository: string, started: number): Promise<Session> {
    const ingest = await openIngest(this.#file(id), (path, { digest, size }) =>
      this.#storage.adopt(path, { digest: parseDigest(digest), size }),
    );
    // Two may have come at once.
    const known = this.#sessions.get(id);
    if (known) return known;
    const session: Session = {
      id,
      repository,
      started,
      ingest,
      interrupt: undefined,
      settled: Promise.resolve(),
      get offset() {
        return ingest.offset;
      },
    };
    this.#sessions.set(id, session);
    return session;
  }

  #turn(session: Session, interrupt: () => void): Turn {
    const { promise, resolve } = Promise.withResolvers<void>();
    session.interrupt = interrupt;
    session.settled = promise;
    const { id, repository, started, ingest } = session;
    return {
      id,
      repository,
      started,
      get offset() {
        return ingest.offset;
      },
      append: async (content) => {
        try {
          await ingest.append(content);
        } catch (error) {
          // What had come was given back: to go on later needs space that nobody has.
          if (isDiskFull(error)) await this.#remove(id);
          throw error;
        }
      },
      commit: async (digest) => {
        // It is too late to stop it: what comes now waits, and then finds the upload ended.
        session.interrupt = () => {};
        const size = ingest.offset;
        try {
          // An empty one has no file yet.
          if (size === 0) await ingest.append(noBytes());
          await ingest.commit({ digest, size });
        } catch (error) {
          if (!isKind(error, 'invalid')) throw error;
          await this.#remove(id);
          throw new Refusal('DIGEST_INVALID', 'provided digest did not match uploaded content', {
            detail: { digest, reason: error.message },
            cause: error,
          });
        }
        await this.#remove(id);
        return { digest, size };
      },
      cancel: () => this.#remove(id),
      [Symbol.dispose]: () => {
        session.interrupt = undefined;
        resolve();
      },
    };
  }

  async #remove(id: string): Promise<void> {
    this.#sessions.delete(id);
    // The note last: what has none is found by nobody.
    await rm(this.#file(id), { force: true });
    await rm(this.#note(id), { force: true });
  }

  #file(id: string): string {
    return join(this.#directory, id);
  }

  #note(id: string): string {
    return `${this.#file(id)}.json`;
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array, void> {}

const changed = async (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
