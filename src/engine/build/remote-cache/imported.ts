import type { Readable } from 'node:stream';
import type { ForeignContent } from '#engine/images';
import { invalid, isKind, messageOf } from '#lib/errors';
import type { Platform } from '#oci/image';
import type { LayoutFiles } from '#oci/layout';
import { readMembers } from '#oci/tar';
import type { Filesystem } from '../cache.ts';
import type { BuildSession } from '../session.ts';
import type { RemoteResult } from './config.ts';
import { type PastImage, readPastImage } from './past-image.ts';
import { PastImages } from './past-images.ts';
import { type CacheSource, nameOf } from './places.ts';
import { type RemoteContents, type RemoteMount, readCache } from './read.ts';

type ImportSession = Pick<BuildSession, 'images' | 'work' | 'signal' | 'onEvent'>;

interface Opened extends RemoteContents {
  readonly content: ForeignContent;
  readonly source: CacheSource;
}

/**
 * Results of builds elsewhere. They are looked at when this engine has none of its own, and fetched when they fit. One
 * that cannot be read is told of, and the build goes on without it: a cache is no condition.
 */
export class ImportedCaches implements AsyncDisposable {
  readonly #session: ImportSession;
  readonly #sources: readonly CacheSource[];
  readonly past: PastImages;
  #opened: Promise<Opened[]> | undefined;

  constructor(session: ImportSession, sources: readonly CacheSource[]) {
    this.#session = session;
    this.#sources = sources;
    this.past = new PastImages(session, (platform) => this.#pastImages(platform));
  }

  /** A result by its key, fetched and held; undefined when nobody has it. */
  async find(key: string): Promise<Filesystem | undefined> {
    const { images, work, signal } = this.#session;
    for (const { content, results } of await this.#open()) {
      const result = results.get(key);
      if (!result) continue;
      try {
        const layers = await images.bringLayers(work, result.layers, content, signal);
        return { layers, created: result.created };
      } catch (error) {
        if (signal.aborted) throw error;
        this.#tell(`a cached result could not be fetched`, error);
      }
    }
    return undefined;
  }

  /** A result whose content is stored, to be passed on. */
  async pass(key: string): Promise<RemoteResult | undefined> {
    const { images, work, signal } = this.#session;
    for (const { content, results } of await this.#open()) {
      const result = results.get(key);
      if (!result) continue;
      try {
        for (const { blob } of result.layers) await images.storeForeign(work, blob, content, signal);
        return result;
      } catch (error) {
        if (signal.aborted) throw error;
        this.#tell('a cached result cannot be passed on', error);
      }
    }
    return undefined;
  }

  /** What a cache mount held; undefined when nobody has it. */
  async mount(id: string): Promise<Filesystem | undefined> {
    for (const { content, mounts } of await this.#open()) {
      const found = mounts.get(id);
      if (found) return await this.#bringMount(content, found);
    }
    return undefined;
  }

  async #bringMount(content: ForeignContent, mount: RemoteMount): Promise<Filesystem | undefined> {
    const { images, work, signal } = this.#session;
    try {
      return { layers: await images.bringLayers(work, [mount], content, signal), created: '' };
    } catch (error) {
      if (signal.aborted) throw error;
      this.#tell('a cache mount could not be fetched', error);
      return undefined;
    }
  }

  /** Images that tell nothing but their history. */
  async #pastImages(platform: Platform): Promise<PastImage[]> {
    const found: PastImage[] = [];
    for (const { content, source, results } of await this.#open()) {
      if (source.kind !== 'image' || results.size > 0) continue;
      try {
        const image = await readPastImage(content, platform);
        if (image) found.push(image);
      } catch (error) {
        this.#tell(`the history of ${nameOf(source)} is not used`, error);
      }
    }
    return found;
  }

  #open(): Promise<Opened[]> {
    this.#opened ??= this.#openAll();
    return this.#opened;
  }

  async #openAll(): Promise<Opened[]> {
    const opened = await Promise.all(
      this.#sources.map(async (source): Promise<Opened[]> => {
        try {
          const content = await openSource(this.#session, source);
          return [{ content, source, ...(await readCache(content)) }];
        } catch (error) {
          if (this.#session.signal.aborted) throw error;
          this.#tell(`the cache ${nameOf(source)} is not used`, error);
          return [];
        }
      }),
    );
    return opened.flat();
  }

  #tell(what: string, error: unknown): void {
    this.#session.onEvent({ type: 'status', id: 'cache', text: `${what}: ${messageOf(error)}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened?.catch(() => []);
    for (const { content } of opened ?? []) await content[Symbol.asyncDispose]();
  }
}

async function openSource({ images, signal }: ImportSession, source: CacheSource): Promise<ForeignContent> {
  if (source.kind === 'local') {
    const { open, reference } = source;
    return await images.openForeign({ kind: 'layout', files: filesOf(open), reference }, signal);
  }
  const { kind, reference, authOf } = source;
  if (kind === 'image') {
    try {
      return await images.openForeign({ kind, reference }, signal);
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error;
    }
  }
  const auth = await authOf(reference);
  return await images.openForeign({ kind: 'registry', reference, ...(auth && { auth }) }, signal);
}

/** Files of a directory of the client, each asked for when it is needed. */
const filesOf = (open: (paths: readonly string[]) => Promise<Readable>): LayoutFiles => ({
  async open(path) {
    const members = readMembers(await open([path]));
    for (let next = await members.next(); !next.done; next = await members.next()) {
      const { entry, body } = next.value;
      if (entry.type === 'file' && entry.path === path) return toTheEnd(body, members);
    }
    return undefined;
  },
  async read(path, maxBytes) {
    let content: Buffer | undefined;
    // To its end: who sends it shall not find that nobody listens.
    for await (const { entry, body } of readMembers(await open([path]))) {
      if (entry.type !== 'file' || entry.path !== path) continue;
      if (entry.size > maxBytes) throw invalid(`${path} is too large: ${entry.size} bytes`);
      content = Buffer.concat(await Array.fromAsync(body));
    }
    return content;
  },
});

async function* toTheEnd(
  body: AsyncIterable<Uint8Array>,
  rest: AsyncIterable<unknown>,
): AsyncGenerator<Uint8Array, void> {
  yield* body;
  for await (const _ of rest);
}
