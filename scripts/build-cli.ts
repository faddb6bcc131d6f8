import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { buildForBun } from './build-bun.ts';
import { replaceBuiltinImports } from './builtin-imports.ts';
import { flagsOfLauncher, makeCodeCache } from './code-cache.ts';

/** Nothing of ours acts when it is merely imported: what is not used is left out. */
const nothingActsOnImport: Plugin = {
  name: 'nothing-acts-on-import',
  setup(plugin) {
    plugin.onResolve({ filter: /^[.#]/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === 'resolving') return undefined;
      const resolved = await plugin.resolve(path, { ...rest, pluginData: 'resolving' });
      return { ...resolved, sideEffects: false };
    });
  },
};

/** What may be called later instead of now; a class may not. */
function isFunction(module: string, name: string): boolean {
  const builtin = process.getBuiltinModule(module) as Readonly<Record<string, unknown>> | undefined;
  return typeof builtin?.[name] === 'function' && !/^[A-Z]/.test(name);
}

/**
 * Node's modules are taken where they are used, functions at their first call: Bun compiles a module's source, which
 * takes milliseconds. Marked as pure, so that a name nothing uses does not load its module.
 */
const builtinsByName: Plugin = {
  name: 'builtins-by-name',
  setup(plugin) {
    plugin.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = replaceBuiltinImports(source, ({ module, names }) =>
        names
          .map(({ name, local }) => {
            const value = `process.getBuiltinModule('${module}').${name}`;
            return isFunction(module, name)
              ? `const ${local} = (...given) => ${value}(...given);`
              : `const ${local} = /* @__PURE__ */ (() => ${value})();`;
          })
          .join(' '),
      );
      return { contents, loader: 'ts' };
    });
    // What remains: `await import('node:x')`, and the requires of packages.
    plugin.onResolve({ filter: /./ }, ({ path }) =>
      isBuiltin(path) ? { path, namespace: 'builtin' } : undefined,
    );
    plugin.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: 'js',
    }));
  },
};

const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  minify: true,
  // One byte a character: read and hashed faster.
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'warning',
};

/**
 * The CLI as `dist/berth.mjs`, which loads one script from V8's code cache. V8 tells a cache that belongs to another
 * script by its length alone: so both are named after the content (and Node and its flags, whose caches differ), and
 * berth.mjs, which comes last, names a pair that belongs together, whoever runs it meanwhile. For Bun: see build-bun.ts.
 */
export async function buildCli(): Promise<void> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const code = await bundle({
    entryPoints: ['src/cli/bin.ts'],
    format: 'iife',
    define: { BERTH_VERSION: JSON.stringify(version) },
    plugins: [builtinsByName, nothingActsOnImport],
  });
  await buildForBun(code, version);
  const flags = await flagsOfLauncher();
  const hash = createHash('sha256').update(code).update(process.version).update(flags.join(' '));
  const name = `cli-${hash.digest('hex').slice(0, 12)}`;
  await mkdir('dist', { recursive: true });
  if (!existsSync(`dist/${name}.cache`)) {
    await replace(`dist/${name}.js`, code);
    await makeCodeCache(`dist/${name}.js`, `dist/${name}.cache`, flags);
  }
  const define = { BERTH_BUNDLE: JSON.stringify(name) };
  await replace('dist/berth.mjs', await bundle({ entryPoints: ['src/cli/load.ts'], format: 'esm', define }));
  for (const file of await readdir('dist')) {
    if (file.startsWith('cli-') && !file.startsWith(name)) await rm(`dist/${file}`, { force: true });
  }
}

async function bundle(options: BuildOptions): Promise<Uint8Array> {
  const { outputFiles } = await build({ ...common, ...options, write: false });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

/** Nobody ever reads half of it. */
async function replace(path: string, content: Uint8Array): Promise<void> {
  await writeFile(`${path}.${process.pid}`, content);
  await rename(`${path}.${process.pid}`, path);
}

if (import.meta.main) await buildCli();
