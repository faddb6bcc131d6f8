import { globSync } from 'node:fs';
import { makeImages } from './image.ts';
import { Machine, MODES, type Mode, openConsole } from './machine.ts';

const CACHE = process.env['BERTH_VM_CACHE'] ?? '/var/cache/berth/vm';

/** What runs where none are named. All that depends on the host's cgroups runs on each kind; the rest on the usual one. */
const CGROUP_TESTS = ['test/vm/cgroups.vm.test.ts', 'test/e2e/resources.e2e.test.ts'];
const FILES: Readonly<Record<Mode, () => readonly string[]>> = {
  v2: () => [
    ...new Set([...CGROUP_TESTS, ...globSync('test/vm/*.vm.test.ts'), 'test/e2e/isolation.e2e.test.ts']),
  ],
  v1: () => CGROUP_TESTS,
  hybrid: () => CGROUP_TESTS,
};

const RUN_TESTS =
  'cd /berth && PATH=$PWD/node_modules/node/bin:$PATH NODE_COMPILE_CACHE=/var/cache/node BERTH_TEST_PATIENCE=10' +
  ' exec node --disable-warning=ExperimentalWarning --test --test-concurrency=1 --test-timeout=3600000' +
  ' --test-reporter=spec';

/** True when all have passed. */
async function test(mode: Mode, files: readonly string[]): Promise<boolean> {
  console.log(`==> Debian in a virtual machine, cgroups ${mode}`);
  const images = await makeImages(CACHE);
  const started = performance.now();
  await using machine = await Machine.boot(images, mode);
  console.log(`==> booted in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  let passed = true;
  for (const file of files) {
    console.log(`\n# ${mode}: ${file}`);
    const code = await machine.run(`${RUN_TESTS} ${file}`, (chunk) => process.stdout.write(chunk));
    passed &&= code === 0;
  }
  return passed;
}

const isMode = (word: string): word is Mode => (MODES as readonly string[]).includes(word);

const words = process.argv.slice(2);
const modes = words.filter(isMode);
const files = words.filter((word) => !isMode(word) && word !== 'shell');
if (words.includes('shell')) {
  await openConsole(await makeImages(CACHE), modes[0] ?? 'v2');
} else {
  const failed: Mode[] = [];
  for (const mode of modes.length > 0 ? modes : MODES) {
    if (!(await test(mode, files.length > 0 ? files : FILES[mode]()))) failed.push(mode);
  }
  console.log(failed.length > 0 ? `\nFAILED: ${failed.join(', ')}` : '\nall passed');
  process.exitCode = failed.length > 0 ? 1 : 0;
}
