import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventTime, type Packable, pack, unpack } from './msgpack.ts';

test('the bytes that the format says', () => {
  const cases: [Packable, string][] = [
    [null, 'c0'],
    [true, 'c3'],
    [5, '05'],
    [300, 'cf000000000000012c'],
    ['abc', 'a3616263'],
    [Buffer.from([0xff]), 'a1ff'],
    [['a', 1], '92a16101'],
    [{ a: 'b' }, '81a161a162'],
    [new EventTime(1_500_000_007n), 'd7000000000100000000'.slice(0, 12) + '1dcd6507'],
  ];
  for (const [value, hex] of cases) assert.equal(pack(value).toString('hex'), hex);
  assert.equal(pack('x'.repeat(40)).subarray(0, 2).toString('hex'), 'd928');
  assert.equal(pack('x'.repeat(300)).subarray(0, 3).toString('hex'), 'da012c');
  assert.equal(pack('x'.repeat(70_000)).subarray(0, 5).toString('hex'), 'db00011170');
  assert.equal(pack(Array(20).fill(1)).subarray(0, 3).toString('hex'), 'dc0014');
});

const packable = fc.letrec<{ value: Packable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.nat(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value')),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
    ),
  ),
})).value;

test('what is packed is read back, and a part of it is known to be one', () => {
  fc.assert(
    fc.property(packable, fc.nat(), (value, cut) => {
      const bytes = pack(value);
      const rest = Buffer.from('rest');
      const read = unpack(Buffer.concat([bytes, rest]));
      assert.deepEqual(JSON.parse(JSON.stringify(read?.value)), JSON.parse(JSON.stringify(value)));
      assert.equal(read?.length, bytes.length);
      assert.equal(unpack(bytes.subarray(0, cut % bytes.length)), undefined);
    }),
  );
});

test('hostile bytes end in an answer or an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        unpack(Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }),
  );
  assert.throws(() => unpack(Buffer.alloc(100_000, 0x91)), RangeError);
});
