import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SegmentedIngest } from './segments.ts';

test('two streams of the same part count it once', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-segments-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'arriving');
  const content = randomBytes(100_000);
  await using ingest = await SegmentedIngest.open(path, content.length, async () => {});
  const [segment] = ingest.missing;
  assert.ok(segment);
  const progress = { onBytes: () => {}, signal: new AbortController().signal };
  const stream = async function* (size: number) {
    yield content.subarray(0, size);
  };
  // Both are written before either is noted.
  await Promise.all([60_000, 80_000].map((size) => ingest.receive(segment, stream(size), progress)));
  assert.equal(ingest.arrived, 80_000);
  const rest = (async function* () {
    yield content.subarray(80_000);
  })();
  await ingest.receive(segment, rest, progress);
  assert.deepEqual(ingest.missing, []);
  assert.ok(readFileSync(path).equals(content));
});
