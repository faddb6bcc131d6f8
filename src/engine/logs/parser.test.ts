import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTime } from '#lib/time';
import { type Line, plain, render, shown } from './log-file.fixture.ts';
import { LogParser } from './parser.ts';

const TIME = 1_795_305_240_550_068_086n;
const stamp = (time = TIME) => formatTime(time).replace('Z', '+00:00');
const parse = (text: string | Buffer) => {
  const parser = new LogParser();
  return [...parser.push(Buffer.from(text)), ...parser.finish()].map(plain);
};

test('a line, an empty line, a zone', () => {
  assert.deepEqual(parse(`${stamp()} stdout F hello world\n${stamp()} stderr F \n`), [
    { stream: 'stdout', time: TIME, text: 'hello world\n' },
    { stream: 'stderr', time: TIME, text: '\n' },
  ]);
  assert.equal(parse('2026-11-21T23:54:00.5+02:00 stdout F x\n')[0]?.time, 1_795_298_040_500_000_000n);
  assert.equal(parse('2026-11-21T23:54:00Z stdout F x\n')[0]?.time, 1_795_305_240_000_000_000n);
});

test('pieces are joined by stream, with the time of the first', () => {
  const later = TIME + 5n;
  const text = [
    `${stamp()} stdout P one `,
    `${stamp(later)} stderr F between`,
    `${stamp(later)} stdout F two\n`,
  ].join('\n');
  assert.deepEqual(parse(text), [
    { stream: 'stderr', time: later, text: 'between\n' },
    { stream: 'stdout', time: TIME, text: 'one two\n' },
  ]);
});

test('a line that was never ended is given without a newline', () => {
  assert.deepEqual(parse(`${stamp()} stdout P login: \n`), [
    { stream: 'stdout', time: TIME, text: 'login: ' },
  ]);
});

test('a very long line comes in pieces, and only the last has the newline', () => {
  const piece = 'x'.repeat(8192);
  const parser = new LogParser();
  const lines = Array.from({ length: 100 }, () => `${stamp()} stdout P ${piece}\n`).join('');
  const entries = parser.push(Buffer.from(`${lines}${stamp()} stdout F end\n`));
  assert.ok(entries.length > 1);
  assert.ok(entries.slice(0, -1).every((entry) => entry.line.at(-1) !== 0x0a));
  assert.equal(Buffer.concat(entries.map((entry) => entry.line)).toString(), `${piece.repeat(100)}end\n`);
  assert.deepEqual(parser.finish(), []);
});

test('damaged and truncated lines are passed over', () => {
  const good = `${stamp()} stdout F good\n`;
  for (const bad of [
    '\n',
    'garbage\n',
    '\0\0\0\0\0\0\n',
    'not-a-time stdout F x\n',
    '2026-13-45T99:99:99.1Z stdout F x\n',
    `${stamp()} stdin F x\n`,
    `${stamp()} stdout X x\n`,
    `${stamp()} stdout F\n`,
    `${stamp()} stdout\n`,
    `${stamp()}\n`,
    `${stamp().slice(0, 20)}\n`,
  ])
    assert.deepEqual(
      parse(good + bad + good).map((entry) => entry.text),
      ['good\n', 'good\n'],
      bad,
    );
  assert.deepEqual(parse(`${good}${stamp()} stdout F cut sho`).length, 1);
  assert.deepEqual(parse(`${'\0'.repeat(3_000_000)}\n${good}`).length, 1);
});

const line = fc.record({
  stream: fc.constantFrom('stdout' as const, 'stderr' as const),
  text: fc.string({ maxLength: 40, unit: 'binary' }).map((text) => text.replaceAll('\n', ' ')),
  pieces: fc.integer({ min: 1, max: 4 }),
});

test('whatever was written is read back, however the bytes arrive', () => {
  fc.assert(
    fc.property(
      fc.array(line),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
      (lines, sizes) => {
        const wanted: Line[] = lines.map((entry, i) => ({ ...entry, time: TIME + BigInt(i) }));
        const text = lines.flatMap((entry, i) => render({ ...entry, time: TIME + BigInt(i) })).join('');
        const bytes = Buffer.from(text);
        const parser = new LogParser();
        const got = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          got.push(...parser.push(Buffer.from(bytes.subarray(at, at + size))));
          at += size;
        }
        assert.deepEqual([...got, ...parser.finish()].map(plain), wanted.map(shown));
      },
    ),
  );
});

test('any bytes are survived, and what is good in them is found', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const good = Buffer.from(`\n${stamp()} stdout F good\n`);
      const got = parse(Buffer.concat([noise, good])).map((entry) => entry.text);
      assert.ok(got.includes('good\n'));
    }),
  );
});
