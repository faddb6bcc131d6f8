import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** One failed test of a file, or the file itself: a hook, a crash, its time being up. */
export interface Failure {
  readonly file: string;
  readonly test: string;
  readonly error: unknown;
  /** The end of what the file wrote to its standard error, when the error itself says nothing. */
  readonly stderr: string;
}

/** What came of one run of some files. */
export interface Outcome {
  readonly output: string;
  readonly counts: { readonly passed: number; readonly failed: number; readonly skipped: number };
  readonly failures: readonly Failure[];
  /** Milliseconds. */
  readonly duration: number;
}

const PATIENCE = 240_000;

/** Runs test files, each in a process of its own. */
export async function runFiles(files: readonly string[], concurrency: number): Promise<Outcome> {
  const started = performance.now();
  const reporter = new spec();
  let output = '';
  reporter.on('data', (text: Buffer | string) => {
    output += text.toString();
  });
  const written = new Promise((resolve) => reporter.once('end', resolve));
  const failures: Failure[] = [];
  const running = new Set<string>();
  const stderr = new Map<string, string>();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const execArgv = ['--disable-warning=ExperimentalWarning'];
  for await (const event of run({ files: [...files], concurrency, timeout: PATIENCE, execArgv })) {
    reporter.write(event);
    if (event.type === 'test:start') running.add(event.data.name);
    if (event.type === 'test:pass') running.delete(event.data.name);
    if (event.type === 'test:stderr') {
      const { file, message } = event.data;
      stderr.set(file, ((stderr.get(file) ?? '') + message).slice(-4000));
    }
    if (event.type === 'test:fail') {
      const { name, file = name, details } = event.data;
      running.delete(name);
      if (!isOfItsTests(details.error)) {
        const within = [...running].filter((other) => other !== file);
        const test = name === file ? within.map((other) => `while it ran: ${other}`).join(', ') : name;
        failures.push({
          file,
          test,
          error: details.error.cause ?? details.error,
          stderr: stderr.get(file) ?? '',
        });
      }
    }
    if (event.type === 'test:summary' && event.data.file === undefined) {
      const { passed, failed, cancelled, skipped } = event.data.counts;
      Object.assign(counts, { passed, failed: failed + cancelled, skipped });
    }
  }
  reporter.end();
  await written;
  return { output, counts, failures, duration: performance.now() - started };
}

/** A suite fails because its tests do: they are told of already. */
const isOfItsTests = (error: Error & { failureType?: unknown }): boolean =>
  error.failureType === 'subtestsFailed';
