import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';

// The kinds of test, by file name: x.test.ts needs nothing, x.root.test.ts root, x.e2e.test.ts root and a daemon of its own;
// x.vm.test.ts a virtual machine (npm run test:vm).
const asRoot = process.getuid?.() === 0;
const files = process.argv
  .slice(2)
  .flatMap((path) => (path.endsWith('.ts') ? [path] : globSync(`${path}/**/*.test.ts`)))
  .filter((path) => !path.endsWith('.vm.test.ts'))
  .toSorted();
const needsRoot = (file: string) => /\.(root|e2e)\.test\.ts$/.test(file);
const chosen = asRoot ? files : files.filter((file) => !needsRoot(file));

interface Outcome {
  readonly passed: boolean;
  readonly output: string;
}

async function run(tests: readonly string[], concurrency: number): Promise<Outcome> {
  const flags = [
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    '--test-timeout=240000',
  ];
  const node = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...flags, ...tests], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => node.once('close', resolve));
  const output = (await buffer(node.stdout)).toString();
  return { passed: (await ended) === 0, output };
}

const totals = { passed: 0, failed: 0, skipped: 0 };
const failed: string[] = [];
const again: string[] = [];

function count(output: string): void {
  const of = (what: string) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  totals.passed += of('pass');
  totals.failed += of('fail') + of('cancelled');
  totals.skipped += of('skipped');
}

/** What fails beside others has a second try alone: on a loaded machine a test may run out of patience. It is named at the end. */
async function runFile(file: string, lastTry = false): Promise<void> {
  const { passed, output } = await run([file], 1);
  console.log(`\n# ${file}\n${output}`);
  if (passed || lastTry) count(output);
  if (passed) return;
  (lastTry ? failed : again).push(file);
}

const unit = chosen.filter((file) => !needsRoot(file));
if (unit.length > 0) {
  const { passed, output } = await run(unit, 2);
  console.log(output);
  count(output);
  if (!passed) failed.push('unit tests');
}

const waiting = chosen.filter(needsRoot);
const lane = async () => {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runFile(file);
};
// They wait more than they work: three at a time keep two processors busy.
await Promise.all([lane(), lane(), lane()]);
for (const file of again) await runFile(file, true);

const passedAtSecond = again.filter((file) => !failed.includes(file));
for (const file of passedAtSecond) console.log(`passed at the second try, alone: ${file}`);
for (const file of failed) console.log(`FAILED: ${file}`);
if (!asRoot) {
  const left = files.filter(needsRoot);
  console.log(`\nLeft out, because they need root (sudo npm test): ${left.length} files`);
  for (const file of left) console.log(`  ${file}`);
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = failed.length > 0 ? 1 : 0;
