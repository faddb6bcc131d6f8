import { createReadStream, type Dirent, readFileSync } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Pack, pack } from 'tar-stream';
import { IgnoreRules, readIgnoreFile } from '#dockerfile';
import { Exit, fileError } from '../../../errors.ts';
import { followPaths } from './follow-paths.ts';

export interface ContextOptions {
  /** Path of the Dockerfile in the context; it is sent, whatever the rules say. */
  readonly dockerfile: string;
  /** A Dockerfile from elsewhere: sent as a file of that name. */
  readonly foreign?: { readonly name: string; readonly content: Buffer } | undefined;
  /** Only what describes the build: the Dockerfile and the lists of exceptions. */
  readonly describing?: boolean;
  /** Only what these name; none: everything. May have wildcards. */
  readonly paths?: readonly string[];
}

/** A directory as a tar, whatever it is called by those who ask: no file of it has a meaning. */
export const packDirectory = (root: string, paths: readonly string[]): AsyncGenerator<Uint8Array, void> =>
  packContext(root, { dockerfile: '', paths });

/** A directory as a tar, without what its `.dockerignore` leaves out. Files belong to root: so does what is copied. */
export async function* packContext(root: string, options: ContextOptions): AsyncGenerator<Uint8Array, void> {
  const archive = pack();
  const rules = options.dockerfile === '' ? new IgnoreRules([]) : ignoreRules(root, options);
  const packer = new ContextPacker(root, archive, rules);
  packer.run(options).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  for await (const chunk of archive) yield chunk as Uint8Array;
}

/** A file of its own for one Dockerfile wins over the one for all. */
function ignoreRules(root: string, { dockerfile }: ContextOptions): IgnoreRules {
  for (const name of [`${dockerfile}.dockerignore`, '.dockerignore']) {
    try {
      return new IgnoreRules(readIgnoreFile(readFileSync(join(root, name), 'utf8')));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') continue;
      throw new Exit(1, `cannot read ${name}: ${fileError(error)}`);
    }
  }
  return new IgnoreRules([]);
}

/** What of a directory is sent. */
class Wanted {
  readonly #described: ReadonlySet<string>;
  readonly #only: ReadonlySet<string> | undefined;
  /** Directories on the way to something. */
  readonly #above = new Set<string>();

  constructor(described: ReadonlySet<string>, only: ReadonlySet<string> | undefined) {
    this.#described = described;
    this.#only = only;
    for (const path of only ?? []) {
      for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
        this.#above.add(path.slice(0, at));
    }
  }

  describes(path: string): boolean {
    return this.#only === undefined && this.#described.has(path);
  }

  isAboveDescription(path: string): boolean {
    return this.#only === undefined && [...this.#described].some((name) => name.startsWith(`${path}/`));
  }

  at(path: string): 'inside' | 'above' | 'outside' {
    if (!this.#only || this.#only.has('')) return 'inside';
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1))
      if (this.#only.has(path.slice(0, end))) return 'inside';
    return this.#above.has(path) ? 'above' : 'outside';
  }
}

class ContextPacker {
  readonly #root: string;
  readonly #archive: Pack;
  readonly #rules: IgnoreRules;

  constructor(root: string, archive: Pack, rules: IgnoreRules) {
    this.#root = root;
    this.#archive = archive;
    this.#rules = rules;
  }

  async run({ dockerfile, foreign, describing = false, paths = [] }: ContextOptions): Promise<void> {
    // The daemon reads these, even when nothing can copy them.
    const described = dockerfile === '' ? [] : [dockerfile, `${dockerfile}.dockerignore`, '.dockerignore'];
    if (describing) await this.#describe(described);
    else {
      const only = paths.length === 0 ? undefined : await followPaths(this.#root, paths);
      await this.#directory('', new Wanted(new Set(described), only));
    }
    if (foreign && paths.length === 0)
      await this.#send({ name: foreign.name, size: foreign.content.length, mode: 0o600 }, foreign.content);
  }

  async #describe(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const found = await lstat(join(this.#root, name)).catch(() => undefined);
      if (found) await this.#add(name);
    }
  }

  async #directory(path: string, wanted: Wanted): Promise<void> {
    for (const entry of await this.#entries(path)) {
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      const place = wanted.at(child);
      if (place === 'outside') continue;
      const ignored = this.#rules.ignores(child);
      const above = wanted.isAboveDescription(child);
      if (entry.isDirectory()) {
        if (!ignored) await this.#add(child);
        if (!ignored || above || this.#rules.mayContainExceptions(child))
          await this.#directory(child, wanted);
      } else if (wanted.describes(child) || (!ignored && place === 'inside')) await this.#add(child);
    }
  }

  async #entries(path: string): Promise<Dirent[]> {
    try {
      const entries = await readdir(join(this.#root, path), { withFileTypes: true });
      return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      throw new Exit(1, `cannot read ${join(this.#root, path)}: ${fileError(error)}`);
    }
  }

  async #add(name: string): Promise<void> {
    const path = join(this.#root, name);
    const found = await lstat(path);
    const common = { name, mode: found.mode & 0o7777, mtime: found.mtime };
    if (found.isDirectory()) await this.#send({ ...common, name: `${name}/`, type: 'directory' });
    else if (found.isSymbolicLink())
      await this.#send({ ...common, type: 'symlink', linkname: await readlink(path) });
    else if (found.isFile()) await this.#file({ ...common, size: found.size }, path);
  }

  #send(header: Parameters<Pack['entry']>[0], content?: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#archive.entry(header, content ?? '', (error) => (error ? reject(error) : resolve()));
    });
  }

  #file(header: Parameters<Pack['entry']>[0] & { readonly size: number }, path: string): Promise<void> {
    if (header.size === 0) return this.#send(header);
    return new Promise((resolve, reject) => {
      const sink = this.#archive.entry(header, (error) => (error ? reject(error) : resolve()));
      const source = createReadStream(path, { end: header.size - 1, highWaterMark: 1 << 18 });
      source.on('error', (error) => reject(new Exit(1, `cannot read ${path}: ${fileError(error)}`)));
      source.pipe(sink);
    });
  }
}
