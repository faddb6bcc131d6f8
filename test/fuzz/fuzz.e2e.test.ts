import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';

/** The short form; `npm run fuzz` takes its time. */
const RUNS = 250;

it('no request, however hostile, is answered with a 5xx, hangs, crashes the daemon or leaves something behind', async () => {
  const program = new URL('run.ts', import.meta.url).pathname;
  const flags = ['--disable-warning=ExperimentalWarning', program, `--runs=${RUNS}`];
  const seed = process.env['FUZZ_SEED'];
  const run = spawn('unshare', ['--net', process.execPath, ...flags, ...(seed ? [`--seed=${seed}`] : [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => run.once('close', resolve));
  const [output, errors] = await Promise.all([text(run.stdout), text(run.stderr)]);
  assert.equal(await ended, 0, `${output}\n${errors}`);
});
