import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const PREFIX = 'berthd';

/** Modules name threads and package.json relative to themselves, and all of them come to lie in dist. */
const NAMED_FILE = /new URL\('([^']+)', import\.meta\.url\)/g;

/** A worker thread's file: `src/linux/process/spawn-thread.ts` becomes `dist/berthd-spawn-thread.mjs`. */
const threadName = (source: string): string => `${PREFIX}-${basename(source, '.ts')}`;

async function findThreads(): Promise<string[]> {
  const threads = new Set<string>();
  for (const path of await readdir('src', { recursive: true })) {
    if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
    const source = await readFile(join('src', path), 'utf8');
    for (const [, file = ''] of source.matchAll(NAMED_FILE)) {
      if (file.endsWith('.ts')) threads.add(join('src', dirname(path), file));
    }
  }
  return [...threads];
}

const filesByName: Plugin = {
  name: 'files-by-name',
  setup(plugin) {
    plugin.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source.replace(NAMED_FILE, (_, file: string) => {
        const place = file.endsWith('.ts') ? `./${threadName(file)}.mjs` : `../${basename(file)}`;
        return `new URL('${place}', import.meta.url)`;
      });
      return { contents, loader: 'ts' };
    });
  },
};

/**
 * The daemon as a few files that share their code: `dist/berthd.mjs`, one for each thread, and chunks. It starts in a
 * third of the time that the sources take, and needs less memory.
 */
export async function buildDaemon(): Promise<void> {
  const started = new Date();
  const { outputFiles } = await build({
    entryPoints: [
      { in: 'src/daemon/main.ts', out: PREFIX },
      ...(await findThreads()).map((source) => ({ in: source, out: threadName(source) })),
    ],
    outdir: 'dist',
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outExtension: { '.js': '.mjs' },
    chunkNames: `${PREFIX}-[hash]`,
    // Names stay, for the sake of stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    // Native code; and CommonJS that is loaded when it is needed, which a bundle would hand over as a default.
    external: ['koffi', 'undici'],
    banner: {
      js: `import{createRequire as berthRequire}from'node:module';const require=berthRequire(import.meta.url);`,
    },
    plugins: [filesByName],
  });
  const written = new Set(outputFiles.map(({ path }) => basename(path)));
  // The one that is looked for comes last: with it the others are complete.
  const main = outputFiles.filter(({ path }) => basename(path) === `${PREFIX}.mjs`);
  const rest = outputFiles.filter((file) => !main.includes(file));
  for (const { path, contents } of [...rest, ...main]) await writeFile(path, contents);
  // As old as the sources that were read: see bin/berthd.
  await utimes(`dist/${PREFIX}.mjs`, started, started);
  for (const name of await readdir('dist')) {
    if (name.startsWith(PREFIX) && !written.has(name)) await rm(`dist/${name}`);
  }
}
