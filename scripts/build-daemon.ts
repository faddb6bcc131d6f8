import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { build, type OutputFile, type Plugin } from 'esbuild';
import { replaceBuiltinImports } from './builtin-imports.ts';

const MAIN = 'src/daemon/main.ts';
/** Programs that share the daemon's files. */
const OTHERS = ['src/registry/serve/main.ts'];
/** Names the directory with the newest daemon; as old as the sources that were read: bin/berthd compares them. */
const POINTER = 'dist/berthd';

/** A thread's file, as a module names it beside itself. */
const NAMED_SOURCE = /new URL\(\s*'([^']+\.ts)',\s*import\.meta\.url,?\s*\)/.source;
const OWN_PLACE = /\bimport\.meta\.(\w+)/.source;

/** All entries lie in one directory, among the chunks: `src/linux/process/spawn-thread.ts` as `linux-process-spawn-thread`. */
export const entryName = (source: string): string =>
  source === MAIN ? 'main' : relative('src', source).replace(/\.ts$/, '').replaceAll('/', '-');

export async function findThreads(): Promise<string[]> {
  const threads = new Set<string>();
  for (const path of await readdir('src', { recursive: true })) {
    if (!path.endsWith('.ts') || /\.(test|fixture)\.ts$/.test(path)) continue;
    const source = await readFile(join('src', path), 'utf8');
    for (const [, file = ''] of source.matchAll(new RegExp(NAMED_SOURCE, 'g')))
      threads.add(join('src', dirname(path), file));
  }
  return [...threads].toSorted();
}

/** What a module finds relative to itself stays where it is, seen from a directory of dist; only threads are built. */
export function placeInBundle(path: string, source: string): string {
  const seen = (place: string) => `new URL('../../${place}', import.meta.url)`;
  return source.replace(
    new RegExp(`${NAMED_SOURCE}|${OWN_PLACE}`, 'g'),
    (found, thread?: string, what?: string) => {
      if (thread !== undefined)
        return `new URL('./${entryName(join(dirname(path), thread))}.mjs', import.meta.url)`;
      if (what === 'url') return `${seen(path)}.href`;
      if (what === 'filename') return `${seen(path)}.pathname`;
      if (what === 'dirname') return `${seen(dirname(path))}.pathname`;
      throw new Error(`${path}: the build does not know ${found}`);
    },
  );
}

const takeBuiltins = (source: string): string =>
  replaceBuiltinImports(source, ({ module, names }) => {
    const taken = names.map(({ name, local }) => `${name}: ${local}`).join(', ');
    return taken && `const { ${taken} } = /* @__PURE__ */ process.getBuiltinModule('${module}');`;
  });

const sourcesInPlace: Plugin = {
  name: 'sources-in-place',
  setup(plugin) {
    plugin.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => ({
      contents: takeBuiltins(placeInBundle(relative('.', path), await readFile(path, 'utf8'))),
      loader: 'ts',
    }));
  },
};

/**
 * The daemon and the registry as a few files that share their code: `main.mjs`, `registry-serve-main.mjs`, one for each
 * thread, and chunks. They start in a third of the time that the sources take, and need less memory. Packages stay in
 * node_modules, and are loaded when they are imported. The directory is named after its content, and one that a daemon runs from stays: it loads from it later too.
 */
export async function buildDaemon(): Promise<void> {
  await mkdir('dist', { recursive: true });
  const started = new Date();
  const files = await bundle();
  const hash = createHash('sha256');
  for (const { path, contents } of files) hash.update(basename(path)).update(contents);
  const name = `berthd-${hash.digest('hex').slice(0, 12)}`;
  await writeDirectory(name, files);
  const pointer = `${POINTER}.${process.pid}`;
  await writeFile(pointer, `${name}\n`);
  await utimes(pointer, started, started);
  await rename(pointer, POINTER);
  await removeOthers(name);
}

async function bundle(): Promise<readonly OutputFile[]> {
  const sources = [MAIN, ...OTHERS, ...(await findThreads())];
  const { outputFiles } = await build({
    entryPoints: sources.map((source) => ({ in: source, out: entryName(source) })),
    outdir: 'dist',
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunk-[hash]',
    packages: 'external',
    // Names stay, for the sake of stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [sourcesInPlace],
  });
  return outputFiles.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function writeDirectory(name: string, files: readonly OutputFile[]): Promise<void> {
  if (existsSync(`dist/${name}`)) return;
  const unfinished = `dist/berthd-new.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  for (const { path, contents } of files) await writeFile(join(unfinished, basename(path)), contents);
  try {
    await rename(unfinished, `dist/${name}`);
  } catch (error) {
    // Another build was faster.
    if (!existsSync(`dist/${name}`)) throw error;
    await rm(unfinished, { recursive: true });
  }
}

async function removeOthers(name: string): Promise<void> {
  const running = await commandLines();
  for (const other of await readdir('dist')) {
    if (!/^berthd-[0-9a-f]{12}$/.test(other) || other === name) continue;
    if (!running.some((line) => line.includes(`/${other}/`)))
      await rm(`dist/${other}`, { recursive: true, force: true });
  }
}

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  return Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
}

if (import.meta.main) await buildDaemon();
