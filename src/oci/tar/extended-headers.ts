import { invalid } from '#lib/errors';
import { pathFromBytes } from './names.ts';
import { readDecimal, readPaxTime } from './numbers.ts';
import { readPax } from './pax.ts';

const XATTR = 'SCHILY.xattr.';

/** What stands in front of a member's header and overrides it: PAX records and GNU's long names. */
export class ExtendedHeaders {
  longPath: string | undefined;
  longLink: string | undefined;
  #records: ReadonlyMap<string, Buffer> = new Map();
  #waiting = false;

  setRecords(data: Buffer, global: boolean): void {
    const records = readPax(data);
    if (global) return;
    this.#records = records;
    this.#waiting = true;
  }

  /** True when the member that these belong to has not come yet. */
  get waiting(): boolean {
    return this.#waiting || this.longPath !== undefined || this.longLink !== undefined;
  }

  get path(): string | undefined {
    return this.#name('GNU.sparse.name') ?? this.#name('path') ?? this.longPath;
  }

  get link(): string | undefined {
    return this.#name('linkpath') ?? this.longLink;
  }

  get size(): number | undefined {
    return this.#number('size');
  }

  get uid(): number | undefined {
    return this.#number('uid');
  }

  get gid(): number | undefined {
    return this.#number('gid');
  }

  get mtime(): bigint | undefined {
    const text = this.#text('mtime');
    return text === undefined ? undefined : readPaxTime(text);
  }

  get xattrs(): ReadonlyMap<string, Buffer> {
    const xattrs = new Map<string, Buffer>();
    for (const [key, value] of this.#records) {
      if (key.startsWith(XATTR) && key.length > XATTR.length) xattrs.set(key.slice(XATTR.length), value);
    }
    return xattrs;
  }

  /** A sparse file in one of GNU's PAX versions: 1.0, or 0.0 and 0.1, which carry a map here. */
  get isSparse(): boolean {
    const version = this.#text('GNU.sparse.major');
    if (version !== undefined && version !== '0' && version !== '1') {
      throw invalid(`unsupported version ${version} of a sparse file in a tar archive`);
    }
    return version === '1' || this.sparseMap !== undefined;
  }

  get sparseMap(): string | undefined {
    return this.#text('GNU.sparse.major') === '1' ? undefined : this.#text('GNU.sparse.map');
  }

  get sparseSize(): number {
    const size = this.#number('GNU.sparse.realsize') ?? this.#number('GNU.sparse.size');
    if (size === undefined) throw invalid('broken tar archive: sparse file without its size');
    return size;
  }

  /** An empty value means "as in the header". */
  #text(key: string): string | undefined {
    return this.#records.get(key)?.toString('latin1') || undefined;
  }

  #name(key: string): string | undefined {
    const value = this.#records.get(key);
    return value?.length ? pathFromBytes(value) : undefined;
  }

  #number(key: string): number | undefined {
    const text = this.#text(key);
    return text === undefined ? undefined : readDecimal(text, key);
  }
}
