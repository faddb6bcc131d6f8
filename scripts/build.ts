import { readFileSync, rmSync } from 'node:fs';
import { build, type Plugin } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/**
 * Nothing of ours acts when it is merely imported, and neither do Node's modules: what is not used is left out, and a
 * built-in module is loaded only where something of it is used.
 */
const nothingActsOnImport: Plugin = {
  name: 'nothing-acts-on-import',
  setup(plugin) {
    plugin.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
    plugin.onResolve({ filter: /^[.#]/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === 'resolving') return undefined;
      const resolved = await plugin.resolve(path, { ...rest, pluginData: 'resolving' });
      return { ...resolved, sideEffects: false };
    });
  },
};

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { berth: 'src/cli/bin.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'berth-[hash]',
  bundle: true,
  // Every command becomes a file of its own, read only when it is run.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minify: true,
  keepNames: false,
  legalComments: 'none',
  define: { BERTH_VERSION: JSON.stringify(version) },
  plugins: [nothingActsOnImport],
  logLevel: 'warning',
});
