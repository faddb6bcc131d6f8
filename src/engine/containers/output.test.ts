import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { Output, type OutputRecord } from './output.ts';

const as = (stream: 'stdout' | 'stderr') => (data: Buffer) => ({ stream, data });

test('ends with its last source, nothing is lost', async () => {
  const output = new Output();
  output.add(Readable.from([Buffer.from('a'), Buffer.from('b')]), as('stdout'));
  output.add(Readable.from([Buffer.from('c')]), as('stderr'));
  const records: OutputRecord[] = await output.toArray();
  const text = (stream: string) =>
    records.filter((record) => record.stream === stream).map(({ data }) => String(data));
  assert.deepEqual([text('stdout').join(''), text('stderr').join('')], ['ab', 'c']);
});

test('a reader that stops pauses the source, and gets the rest later', async () => {
  const output = new Output();
  const source = new PassThrough();
  output.add(source, as('stdout'));
  for (let count = 0; count < 100; count++) source.write(Buffer.from([count]));
  source.end();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(output.readableLength < 100, 'the source is held back');
  const records: OutputRecord[] = await output.toArray();
  assert.deepEqual(
    records.map(({ data }) => data[0]),
    Array.from({ length: 100 }, (_, count) => count),
  );
});

test('a reader that leaves takes its sources along, and lets go of who writes', async () => {
  const output = new Output();
  const source = new PassThrough();
  output.add(source, as('stdout'));
  const writing = (async () => {
    for (let count = 0; count < 50; count++) await output.write({ stream: 'stdout', data: Buffer.from('x') });
  })();
  output.destroy();
  await writing;
  assert.ok(source.destroyed);
  const late = new PassThrough();
  output.add(late, as('stdout'));
  assert.ok(late.destroyed);
});
