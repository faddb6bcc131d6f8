import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { findProgram } from '#linux/process';
import { gzip } from './gzip.ts';

const content = [randomBytes(300_000), Buffer.alloc(2_000_000, 'abc')];

async function* source(failure?: Error): AsyncGenerator<Uint8Array, void> {
  yield* content;
  if (failure) throw failure;
}

test('both ways give back what went in, and pass a failing source on', async () => {
  for (const igzip of [undefined, findProgram('igzip')]) {
    const compressed = Buffer.concat(await Array.fromAsync(gzip(source(), igzip)));
    assert.ok(gunzipSync(compressed).equals(Buffer.concat(content)));
    assert.ok(compressed.length < 400_000);
    const failing = Array.fromAsync(gzip(source(new Error('cut off')), igzip));
    await assert.rejects(failing, /cut off/);
  }
  await assert.rejects(Array.fromAsync(gzip(source(), '/nonexistent/igzip')), { code: 'ENOENT' });
  await assert.rejects(Array.fromAsync(gzip(source(), '/bin/false')), /failed with exit code 1|EPIPE/);
});
