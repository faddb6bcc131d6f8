import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Messages, type Outgoing, type Resume } from './messages.ts';

interface Written {
  readonly stream: 'stdout' | 'stderr';
  readonly partial: boolean;
  readonly text: string;
}

/** Offsets are numbers of records here. */
function assemble(records: readonly Written[], from?: Resume): Outgoing[] {
  const messages = new Messages('id', from);
  const out: Outgoing[] = [];
  for (const [i, { stream, partial, text }] of records.entries()) {
    if (from && i < from[stream].offset) continue;
    const time = BigInt(i);
    const at = { inode: 1n, time };
    const record = { stream, partial, time, text: 0 };
    const message = messages.take(record, Buffer.from(text), { ...at, offset: i }, { ...at, offset: i + 1 });
    if (message) out.push(message);
  }
  return [...out, ...messages.finish()];
}

const plain = ({ stream, line, partial }: Outgoing) => ({ stream, line: line.toString(), partial });

test('records become lines, each stream by itself', () => {
  const written: Written[] = [
    { stream: 'stdout', partial: true, text: 'pass' },
    { stream: 'stderr', partial: false, text: 'oops' },
    { stream: 'stdout', partial: false, text: 'word' },
    { stream: 'stderr', partial: true, text: 'unfinished' },
  ];
  assert.deepEqual(
    assemble(written).map(({ stream, line }) => [stream, line.toString()]),
    [
      ['stderr', 'oops'],
      ['stdout', 'password'],
      ['stderr', 'unfinished'],
    ],
  );
});

test('a very long line goes out in numbered pieces of one id', () => {
  const piece = 'x'.repeat(8192);
  const written = Array.from({ length: 5 }, (_, i) => ({
    stream: 'stdout' as const,
    partial: i < 4,
    text: piece,
  }));
  const pieces = assemble(written);
  assert.deepEqual(
    pieces.map(({ line, partial }) => [line.length, partial?.ordinal, partial?.last]),
    [
      [16_384, 1, false],
      [16_384, 2, false],
      [8192, 3, true],
    ],
  );
  assert.equal(new Set(pieces.map(({ partial }) => partial?.id)).size, 1);
});

test('wherever delivery breaks off, it goes on with the next message, and says the same', () => {
  const record = fc.record({
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    partial: fc.boolean(),
    text: fc.oneof(
      fc.string({ maxLength: 5 }),
      fc.constant('x'.repeat(8192)),
      fc.constant('y'.repeat(20_000)),
    ),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), fc.nat(), (written, cut) => {
      const whole = assemble(written);
      const delivered = whole.length === 0 ? 0 : cut % whole.length;
      const last = whole[delivered - 1];
      if (!last) return;
      const rest = assemble(written, last.resume);
      assert.deepEqual(rest.map(plain), whole.slice(delivered).map(plain));
    }),
    { numRuns: 500 },
  );
});
