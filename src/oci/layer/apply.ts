import { invalid } from '#lib/errors';
import type { TarEntry } from '#oci/tar';
import { SparseCursor, TarReader, type TarSink } from '#oci/tar';
import { Extraction } from './extraction.ts';
import type { Owner } from './owner.ts';
import { cleanPath, joinPath, shorten } from './path.ts';
import type { LayerFile, LayerTarget } from './target.ts';
import { readWhiteout } from './whiteout.ts';

export interface ApplyOptions {
  /** Where below the root the archive is unpacked: an existing directory, clean path. Default: the root. */
  readonly into?: string | undefined;
  /**
   * `apply` (default): `.wh.` names hide the layers below. `literal`: they are ordinary names, and the
   * archive's own `./` does not change the directory that it is unpacked into, as in `docker cp`.
   */
  readonly whiteouts?: 'apply' | 'literal' | undefined;
  /** Refuse to replace a directory by a non-directory and the other way round (PUT archive's noOverwriteDirNonDir). */
  readonly keepTypes?: boolean | undefined;
  /** The owner an entry gets; default: what the archive says. */
  readonly owner?: ((archived: Owner) => Owner) | undefined;
  /** Most bytes that files may hold in sum, not counting holes. Default 1 TiB. */
  readonly maxBytes?: number | undefined;
  /** Default 4 million. */
  readonly maxEntries?: number | undefined;
}

export interface Applied {
  readonly entries: number;
  /** Bytes written to regular files. */
  readonly bytes: number;
}

const MAX_BYTES = 2 ** 40;
const MAX_ENTRIES = 4_000_000;

interface OpenFile {
  readonly entry: TarEntry;
  readonly file: LayerFile;
  readonly cursor: SparseCursor | undefined;
  position: number;
}

/**
 * Unpacks a layer as its bytes arrive: `push` them, then `finish`. One of these per layer; dispose it
 * after a failure. What is half unpacked then is the target's owner's to remove.
 * @throws invalid for hostile or broken archives; else what the target throws
 */
export class LayerApplier implements Disposable {
  readonly #reader: TarReader;
  readonly #extraction: Extraction;
  readonly #options: ApplyOptions;
  #open: OpenFile | undefined;
  #entries = 0;
  #bytes = 0;

  constructor(target: LayerTarget, options: ApplyOptions = {}) {
    this.#options = options;
    this.#extraction = new Extraction(target, options);
    const sink: TarSink = {
      entry: (entry) => this.#onEntry(entry),
      body: (chunk) => this.#onBody(chunk),
      end: () => this.#onEnd(),
      ...(target.padding && { padding: (chunk) => target.padding?.(chunk) }),
    };
    this.#reader = new TarReader(sink);
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /** Sets directories' times. @throws invalid when the stream is truncated */
  finish(): Applied {
    this.#reader.close();
    this.#extraction.finish();
    return { entries: this.#entries, bytes: this.#bytes };
  }

  [Symbol.dispose](): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  #onEntry(entry: TarEntry): void {
    this.#count(entry);
    const name = cleanPath(entry.path);
    const literal = this.#options.whiteouts === 'literal';
    if (name === '' && literal) return;
    const whiteout = literal ? undefined : readWhiteout(name);
    const path = this.#below(name);
    if (whiteout) {
      if (whiteout.kind === 'whiteout') this.#extraction.whiteout(this.#below(whiteout.path));
      else if (whiteout.kind === 'opaque') this.#extraction.opaque(this.#below(whiteout.path));
      return;
    }
    const link = entry.type === 'link' ? this.#below(cleanPath(entry.link, 'hard link to')) : entry.link;
    const file = this.#extraction.create(path, { ...entry, link });
    if (file) {
      const cursor = entry.segments && new SparseCursor(entry.segments);
      this.#open = { entry, file, cursor, position: 0 };
    }
  }

  /** Before anything is written: what an archive declares counts, not what arrives of it. */
  #count(entry: TarEntry): void {
    const { maxBytes = MAX_BYTES, maxEntries = MAX_ENTRIES } = this.#options;
    this.#entries++;
    this.#bytes += entry.size;
    if (this.#entries > maxEntries) throw invalid(`tar archive has more than ${maxEntries} entries`);
    if (this.#bytes > maxBytes) {
      throw invalid(`tar archive unpacks to more than ${maxBytes} bytes (at "${shorten(entry.path)}")`);
    }
  }

  #below(path: string): string {
    const base = this.#options.into ?? '';
    return path === '' ? base : joinPath(base, path);
  }

  #onBody(chunk: Buffer): void {
    const open = this.#open;
    if (!open) return;
    if (open.cursor) {
      open.cursor.place(chunk, (part, position) => open.file.write(part, position));
    } else {
      open.file.write(chunk, open.position);
      open.position += chunk.length;
    }
  }

  #onEnd(): void {
    const open = this.#open;
    if (!open) return;
    if (open.cursor) open.file.truncate(open.entry.fileSize);
    this.#extraction.complete(open.file, open.entry);
    this[Symbol.dispose]();
  }
}

/** Unpacks a layer whose bytes can be had without waiting. `chunks` is the uncompressed tar. @throws as LayerApplier */
export function applyLayer(
  chunks: Iterable<Uint8Array>,
  target: LayerTarget,
  options?: ApplyOptions,
): Applied {
  using applier = new LayerApplier(target, options);
  for (const chunk of chunks) applier.push(chunk);
  return applier.finish();
}
