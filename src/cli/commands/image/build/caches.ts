import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Channel } from '#client';
import { Exit, fileError } from '../../../errors.ts';
import { csvPairs } from '../../../flags/csv.ts';
import { unpackTree } from '../../container/cp/unpack.ts';
import { packDirectory } from './context.ts';

interface WireCache {
  readonly Type: string;
  readonly Attrs: Readonly<Record<string, string>>;
}

/** `--cache-from` and `--cache-to`. */
export interface Caches {
  /** As the daemon knows them; undefined: none. */
  readonly imports: string | undefined;
  readonly exports: string | undefined;
  /** Files of one that is read: `cache-from 0`. */
  pack(index: number, paths: readonly string[]): AsyncIterable<Uint8Array>;
  /** Takes one that is written. */
  take(index: number, connection: Channel): Promise<void>;
}

/** A directory that is not there yet is no cache, and no reason not to build. @throws Exit */
export async function planCaches(
  from: readonly string[],
  to: readonly string[],
  warn: (message: string) => void,
): Promise<Caches> {
  const sources: WireCache[] = [];
  for (const source of from.flatMap((text) => parse('from', text))) {
    const src = source.Type === 'local' ? source.Attrs['src'] : undefined;
    const missing = src && (await access(join(src, 'index.json')).catch(fileError));
    if (missing) warn(`the cache ${src} is not used: ${missing}`);
    else sources.push(source);
  }
  const targets = to.flatMap((text) => parse('to', text));
  return {
    imports: sources.length > 0 ? JSON.stringify(sources) : undefined,
    exports: targets.length > 0 ? JSON.stringify(targets) : undefined,
    pack(index, paths) {
      const src = sources[index]?.Attrs['src'];
      if (!src) throw new Exit(1, `the daemon asked for an unknown cache: ${index}`);
      return packDirectory(resolve(src), paths);
    },
    async take(index, connection) {
      const dest = targets[index]?.Attrs['dest'];
      if (!dest) throw new Exit(1, `the daemon sent an unknown cache: ${index}`);
      await mkdir(dest, { recursive: true });
      const file = join(dest, 'index.json');
      const before = await readFile(file, 'utf8').catch(() => '');
      await unpackTree(connection, { directory: dest, name: '' }, { fromRoot: true, keepOwner: false, warn });
      if (before !== '') await writeFile(file, withOthers(await readFile(file, 'utf8'), before));
    },
  };
}

/** An index with what an older one has under other tags: a directory may hold several caches. */
export function withOthers(index: string, before: string): string {
  const now = parseIndex(index);
  const tags = new Set(now.manifests.map(tagOf));
  const others = parseIndex(before).manifests.filter((each) => !tags.has(tagOf(each)));
  return JSON.stringify({ ...now, manifests: [...now.manifests, ...others] });
}

interface Index {
  readonly manifests: readonly { readonly annotations?: Readonly<Record<string, string>> }[];
}

/** What is no index has nothing to keep. */
function parseIndex(text: string): Index {
  try {
    const index = JSON.parse(text) as Partial<Index> | null;
    return { ...index, manifests: index?.manifests ?? [] };
  } catch {
    return { manifests: [] };
  }
}

const tagOf = ({ annotations }: Index['manifests'][number]): string =>
  annotations?.['org.opencontainers.image.ref.name'] ?? '';

/** `type=local,src=directory`; a name alone is an image's, for a source, or a registry's, for a target. */
function parse(way: 'from' | 'to', text: string): WireCache[] {
  if (!text.includes('=')) {
    const names = text.split(',').filter(Boolean);
    if (way === 'to' && text === 'inline') return [{ Type: 'inline', Attrs: {} }];
    return names.map((ref) => ({ Type: way === 'from' ? 'image' : 'registry', Attrs: { ref } }));
  }
  const fields = csvPairs(text);
  const { type: Type = '', ...Attrs } = fields;
  if (Type === '') throw new Exit(1, `invalid --cache-${way} "${text}": type is required`);
  return [{ Type, Attrs }];
}
