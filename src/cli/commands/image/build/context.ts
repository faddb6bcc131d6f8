import { createReadStream, type Dirent, readFileSync } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Pack, pack } from 'tar-stream';
import { IgnoreRules, readIgnoreFile } from '#dockerfile';
import { Exit, fileError } from '../../../errors.ts';

export interface ContextOptions {
  /** Path of the Dockerfile in the context; it is sent, whatever the rules say. */
  readonly dockerfile: string;
  /** A Dockerfile from elsewhere: sent as a file of that name. */
  readonly foreign?: { readonly name: string; readonly content: Buffer } | undefined;
}

/** A directory as a tar, without what its `.dockerignore` leaves out. Files belong to root: so does what is copied. */
export async function* packContext(root: string, options: ContextOptions): AsyncGenerator<Uint8Array, void> {
  const archive = pack();
  const packer = new ContextPacker(root, archive, ignoreRules(root, options));
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

class ContextPacker {
  readonly #root: string;
  readonly #archive: Pack;
  readonly #rules: IgnoreRules;

  constructor(root: string, archive: Pack, rules: IgnoreRules) {
    this.#root = root;
    this.#archive = archive;
    this.#rules = rules;
  }

  async run({ dockerfile, foreign }: ContextOptions): Promise<void> {
    // The daemon reads these, even when nothing can copy them.
    const needed = new Set([dockerfile, `${dockerfile}.dockerignore`, '.dockerignore']);
    await this.#directory('', needed);
    if (foreign)
      await this.#send({ name: foreign.name, size: foreign.content.length, mode: 0o600 }, foreign.content);
  }

  async #directory(path: string, needed: ReadonlySet<string>): Promise<void> {
    for (const entry of await this.#entries(path)) {
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      const ignored = this.#rules.ignores(child);
      const above = [...needed].some((name) => name.startsWith(`${child}/`));
      if (entry.isDirectory()) {
        if (!ignored) await this.#add(child);
        if (!ignored || above || this.#rules.mayContainExceptions(child))
          await this.#directory(child, needed);
      } else if (!ignored || needed.has(child)) await this.#add(child);
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
