import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFiles } from '../../scripts/test-file.ts';
import type { Recorded } from './record.ts';
import { report } from './report.ts';

// npm run coverage: which operations of the Engine API, which parameters, filters and fields the tests have asked
// for with success, and which not. The fuzzer and the chaos tests do not count: they check other things.
const named = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const files =
  named.length > 0 ? named : globSync(['test/{e2e,clients}/*.e2e.test.ts', 'src/**/*.e2e.test.ts']);

const directory = mkdtempSync(join(tmpdir(), 'berth-coverage-'));
const requests = join(directory, 'requests');
writeFileSync(requests, '', { mode: 0o666 });
process.env['BERTH_TEST_REQUESTS'] = requests;
let failed = 0;
try {
  for (const file of files.toSorted()) {
    const { counts, duration } = await runFiles([file], 1);
    failed += counts.failed;
    console.log(
      `${file}: ${counts.passed} passed, ${counts.failed} failed, ${(duration / 1000).toFixed(0)} s`,
    );
  }
  const lines = readFileSync(requests, 'utf8').split('\n').filter(Boolean);
  const { missing, told } = report(lines.map((line) => JSON.parse(line) as Recorded));
  if (process.argv.includes('--all')) for (const line of told) console.log(line);
  console.log(
    `\nNever asked for with success, of ${told.length} operations with their parameters and fields:`,
  );
  for (const line of missing) console.log(`  ${line}`);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
