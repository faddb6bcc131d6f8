import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { jsonLines } from './json-lines.ts';

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (let i = 0; start < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

it('reads the same values however the bytes are cut', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.json()), sizes, fc.constantFrom('\n', '\r\n'), async (values, cuts, end) => {
      const bytes = Buffer.from(values.map((value) => value + end).join(''));
      const read = await Array.fromAsync(jsonLines(inPieces(bytes, cuts)));
      assert.deepEqual(
        read,
        values.map((value) => JSON.parse(value) as unknown),
      );
    }),
  );
});

it('takes a last line without its end', async () => {
  assert.deepEqual(await Array.fromAsync(jsonLines(inPieces(Buffer.from('{"a":1}\n\n{"b":2}'), [3]))), [
    { a: 1 },
    { b: 2 },
  ]);
});

it('says what was malformed', async () => {
  await assert.rejects(
    Array.fromAsync(jsonLines(inPieces(Buffer.from('{"a":1}\n<html>\n'), [50]))),
    /malformed message from the daemon: <html>/,
  );
});
