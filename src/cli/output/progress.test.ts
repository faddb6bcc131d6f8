import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { ProgressMessage } from '#protocol';
import { Output } from './output.ts';
import { printProgress } from './progress.ts';

async function print(messages: readonly ProgressMessage[], quiet = false): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-progress-'));
  const fd = openSync(join(directory, 'out'), 'w');
  async function* stream() {
    yield* messages;
  }
  try {
    await printProgress(new Output(fd), stream(), { quiet });
    return readFileSync(join(directory, 'out'), 'utf8');
  } finally {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  }
}

const PULL: readonly ProgressMessage[] = [
  { status: 'Pulling from library/app', id: 'latest' },
  { status: 'Downloading', id: 'abc', progressDetail: { current: 5, total: 10 } },
  { status: 'Pull complete', id: 'abc', progressDetail: {} },
  { status: 'Digest: sha256:00' },
  { aux: { ID: 'x' } },
  { stream: 'Loaded image: app\n' },
];

it('is plain lines without bars where there is no terminal', async () => {
  assert.equal(
    await print(PULL),
    'latest: Pulling from library/app\nabc: Pull complete\nDigest: sha256:00\nLoaded image: app\n',
  );
});

it('is silent when asked', async () => {
  assert.equal(await print(PULL, true), '');
});

it('ends with the error of the daemon', async () => {
  for (const failure of [
    { error: 'short', errorDetail: { message: 'why' } },
    { errorDetail: { message: 'why' } },
    { error: 'why' },
  ]) {
    await assert.rejects(print([failure]), { name: 'Exit', status: 1, message: 'why' });
    await assert.rejects(print([failure], true), { message: 'why' });
  }
});
