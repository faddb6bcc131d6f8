// The import rules of ARCHITECTURE.md. `npm run ok` and CI run them.
const outside = (folders) => `^src/(?!(?:lib|${folders})/)`;
const layer = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$' },
  to: { path: outside(allowed) },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { path: '^src' }, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] } } },
    {
      name: 'face-only',
      comment: "Nothing but a folder's index.ts may be imported from outside the folder.",
      severity: 'error',
      from: { path: '^src/(engine/[^/]+|[^/]+)/' },
      to: {
        path: '^src/(engine/[^/]+|linux/[^/]+|oci/[^/]+|client|protocol|store|registry|compose)/',
        pathNot: ['^src/$1/', '/index\\.ts$', '\\.d\\.ts$'],
      },
    },
    layer('lib-imports-nothing-of-ours', '^src/lib/', 'lib'),
    layer('protocol', '^src/protocol/', 'protocol'),
    layer('linux', '^src/linux/', 'linux'),
    layer('oci', '^src/oci/', 'oci'),
    layer('store', '^src/store/', 'store|oci'),
    layer('registry', '^src/registry/', 'registry|store|oci|linux/files'),
    layer('engine', '^src/engine/', 'engine|linux|oci|store|dockerfile'),
    layer('rootless', '^src/rootless/', 'rootless|engine|linux'),
    layer('api', '^src/api/', 'api|protocol|engine|oci|dockerfile'),
    layer('client', '^src/client/', 'client|protocol'),
    layer('cli', '^src/cli/', 'cli|client|protocol|oci|dockerfile'),
    { name: 'cli-oci', severity: 'error', from: { path: '^src/cli/' }, to: { path: '^src/oci/(?!reference/)' } },
    { name: 'koffi-only-in-ffi', severity: 'error', from: { path: '^src/(?!linux/)' }, to: { path: 'node_modules/koffi' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], conditionNames: ['import', 'node', 'default'] },
  },
};
