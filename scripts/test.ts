import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

// The kinds of test, by file name: x.test.ts needs nothing, x.root.test.ts root, x.e2e.test.ts root and a daemon of its own.
const asRoot = process.getuid?.() === 0;
const files = process.argv
  .slice(2)
  .flatMap((path) => (path.endsWith('.ts') ? [path] : globSync(`${path}/**/*.test.ts`)))
  .toSorted();
const needsRoot = (file: string) => /\.(root|e2e)\.test\.ts$/.test(file);
const chosen = asRoot ? files : files.filter((file) => !needsRoot(file));
const unit = chosen.filter((file) => !needsRoot(file));
const rooted = chosen.filter(needsRoot);

const run = (tests: readonly string[], concurrency: number): boolean => {
  if (tests.length === 0) return true;
  const flags = [
    '--disable-warning=ExperimentalWarning',
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-timeout=240000',
  ];
  return spawnSync(process.execPath, [...flags, ...tests], { stdio: 'inherit' }).status === 0;
};

// One after the other: tests that start containers must not starve each other on a small machine.
const passed = [run(unit, 2), run(rooted, 1)].every(Boolean);
if (!asRoot) {
  const left = files.filter(needsRoot);
  console.log(`\nLeft out, because they need root (sudo npm test): ${left.length} files`);
  for (const file of left) console.log(`  ${file}`);
}
process.exitCode = passed ? 0 : 1;
