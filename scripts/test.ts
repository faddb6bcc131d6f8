import { globSync } from 'node:fs';
import { digestAll } from './test-digest.ts';
import { type Failure, type Outcome, runFiles } from './test-file.ts';

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

const started = performance.now();
const totals = { passed: 0, failed: 0, skipped: 0 };
const failed: string[] = [];
const again: string[] = [];
const failures = { first: [] as Failure[], last: [] as Failure[] };
const durations = new Map<string, number>();

function count({ counts, failures: found }: Outcome): void {
  totals.passed += counts.passed;
  totals.failed += counts.failed;
  totals.skipped += counts.skipped;
  failures.last.push(...found);
}

/** What fails beside others has a second try alone: on a loaded machine a test may run out of patience. It is named at the end. */
async function runFile(file: string, lastTry = false): Promise<void> {
  const outcome = await runFiles([file], 1);
  console.log(`\n# ${file}\n${outcome.output}`);
  if (!lastTry) durations.set(file, outcome.duration);
  const passed = outcome.failures.length === 0;
  if (passed || lastTry) count(outcome);
  else failures.first.push(...outcome.failures);
  if (!passed) (lastTry ? failed : again).push(file);
}

const unit = chosen.filter((file) => !needsRoot(file));
if (unit.length > 0) {
  const outcome = await runFiles(unit, 2);
  console.log(outcome.output);
  count(outcome);
  durations.set(`${unit.length} files of unit tests`, outcome.duration);
  if (outcome.failures.length > 0) failed.push('unit tests');
}

const waiting = chosen.filter(needsRoot);
const lane = async () => {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runFile(file);
};
// They wait more than they work: four at a time keep two processors busy.
await Promise.all([lane(), lane(), lane(), lane()]);
for (const file of again) await runFile(file, true);

const seconds = (duration: number) => `${(duration / 1000).toFixed(1)} s`;
const slowest = [...durations].toSorted(([, a], [, b]) => b - a).slice(0, 10);
console.log(`The slowest of ${durations.size}, ${seconds(performance.now() - started)} in all:`);
for (const [file, duration] of slowest) console.log(`  ${seconds(duration).padStart(8)}  ${file}`);
if (!asRoot) {
  const left = files.filter(needsRoot);
  console.log(`\nLeft out, because they need root (sudo npm test): ${left.length} files`);
  for (const file of left) console.log(`  ${file}`);
}

// Of a long log the end is read first, and sometimes nothing else is kept.
const passedAtSecond = again.filter((file) => !failed.includes(file));
for (const file of passedAtSecond) console.log(`passed at the second try, alone: ${file}`);
for (const file of failed) console.log(`FAILED: ${file}`);
if (failures.first.length > 0) console.log('\nThe first try:');
for (const line of digestAll(failures.first, 7, 25)) console.log(line);
if (failures.last.length > 0) console.log('\nWhat failed:');
for (const line of digestAll(failures.last, 12, 60)) console.log(line);
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = failed.length > 0 ? 1 : 0;
