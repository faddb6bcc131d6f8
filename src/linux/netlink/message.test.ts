import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  attribute,
  message,
  parseAttributes,
  parseError,
  parseMessages,
  text,
  toText,
  u32,
} from './message.ts';

const bytes = fc.uint8Array({ maxLength: 70 }).map((array) => Buffer.from(array));

test('attributes come back as they were written, aligned', () => {
  const entries = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 0x3fff }), bytes), {
    selector: ([type]) => type,
  });
  fc.assert(
    fc.property(entries, (list) => {
      const encoded = Buffer.concat(list.map(([type, value]) => attribute(type, value)));
      assert.equal(encoded.length % 4, 0);
      assert.deepEqual(parseAttributes(encoded), new Map(list));
    }),
  );
});

test('nested attributes', () => {
  const nested = attribute(18 | 0x8000, [attribute(1, text('veth')), attribute(2, [attribute(1, u32(7))])]);
  const inner = parseAttributes(parseAttributes(nested).get(18) ?? Buffer.alloc(0));
  assert.equal(toText(inner.get(1)), 'veth');
});

test('messages come back as they were written, several in one datagram', () => {
  const one = fc.tuple(fc.nat(0xffff), fc.nat(0xffff), fc.nat(0xffffffff), bytes);
  fc.assert(
    fc.property(fc.array(one), (list) => {
      const datagram = Buffer.concat(
        list.map(([type, flags, sequence, part]) => message(type, flags, sequence, [part])),
      );
      const parsed = [...parseMessages(datagram)].map((m) => [
        m.type,
        m.flags,
        m.sequence,
        Buffer.from(m.payload),
      ]);
      assert.deepEqual(parsed, list);
    }),
  );
});

test('whatever arrives, parsing ends and stays within the datagram', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
      const datagram = Buffer.from(array);
      for (const { payload } of parseMessages(datagram)) assert.ok(payload.length <= datagram.length - 16);
      for (const value of parseAttributes(datagram).values()) assert.ok(value.length <= datagram.length - 4);
    }),
  );
  const endless = Buffer.alloc(64);
  assert.deepEqual([...parseMessages(endless)], []);
});

test("an error has the kernel's text, whether the request is echoed or not", () => {
  const request = message(16, 0, 1, [Buffer.alloc(20)]);
  const errno = Buffer.alloc(4);
  errno.writeInt32LE(-17);
  const why = attribute(1, text('because'));
  const [capped] = parseMessages(message(2, 0x300, 1, [errno, request.subarray(0, 16), why]));
  const [whole] = parseMessages(message(2, 0x200, 1, [errno, request, why]));
  const [bare] = parseMessages(message(2, 0, 1, [errno, request]));
  assert.ok(capped && whole && bare);
  assert.deepEqual(parseError(capped), { errno: 17, detail: 'because' });
  assert.deepEqual(parseError(whole), { errno: 17, detail: 'because' });
  assert.deepEqual(parseError(bare), { errno: 17, detail: undefined });
});
