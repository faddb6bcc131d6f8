import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ResponseHead } from './head.ts';
import { ResponseParser } from './response-parser.ts';

interface Seen {
  head: ResponseHead | undefined;
  body: string;
  ended: boolean;
  rest: string;
  keepAlive: boolean;
}

function read(
  bytes: Buffer,
  cuts: readonly number[] = [bytes.length],
  options: { head?: boolean; close?: boolean } = {},
): Seen {
  const seen: Seen = { head: undefined, body: '', ended: false, rest: '', keepAlive: false };
  const parser = new ResponseParser(
    {
      onHead(head) {
        assert.equal(seen.head, undefined, 'one header only');
        seen.head = head;
      },
      onBody(chunk) {
        assert.ok(seen.head && !seen.ended, 'a body lies between header and end');
        seen.body += chunk.toString('latin1');
      },
      onEnd() {
        assert.ok(seen.head && !seen.ended, 'one end, behind the header');
        seen.ended = true;
      },
    },
    options.head,
  );
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const size = Math.max(1, cuts[i % cuts.length] ?? 1);
    seen.rest += parser.push(bytes.subarray(start, start + size)).toString('latin1');
    start += size;
  }
  if (options.close) parser.close();
  seen.keepAlive = parser.keepAlive;
  return seen;
}

const response = (head: string, body = '') => Buffer.from(`HTTP/1.1 ${head}\r\n\r\n${body}`, 'latin1');

describe('frames a body', () => {
  it('by its length', () => {
    const seen = read(response('200 OK\r\nContent-Length: 5', 'helloNEXT'));
    assert.deepEqual([seen.body, seen.ended, seen.rest, seen.keepAlive], ['hello', true, 'NEXT', true]);
  });

  it('by chunks, with extensions and trailers', () => {
    const seen = read(
      response('200 OK\r\nTransfer-Encoding: chunked', '5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\nNEXT'),
    );
    assert.deepEqual([seen.body, seen.ended, seen.rest], ['hello!', true, 'NEXT']);
  });

  it('by the end of the connection, which cannot be used again then', () => {
    const seen = read(response('200 OK', 'hello'), [3], { close: true });
    assert.deepEqual([seen.body, seen.ended, seen.keepAlive], ['hello', true, false]);
  });

  for (const head of ['204 No Content', '304 Not Modified', '200 OK\r\nContent-Length: 0']) {
    it(`as empty for ${JSON.stringify(head)}`, () => {
      const seen = read(response(head, 'NEXT'));
      assert.deepEqual([seen.body, seen.ended, seen.rest], ['', true, 'NEXT']);
    });
  }

  it('as empty for HEAD, whatever its headers say', () => {
    assert.equal(read(response('200 OK\r\nContent-Length: 99'), undefined, { head: true }).ended, true);
  });

  it('as over at 101: the rest is another protocol', () => {
    const seen = read(response('101 UPGRADED\r\nUpgrade: tcp', 'raw bytes'));
    assert.deepEqual([seen.head?.status, seen.ended, seen.rest], [101, true, 'raw bytes']);
  });

  it('after interim answers are skipped', () => {
    const seen = read(
      Buffer.concat([
        response('100 Continue'),
        response('103 Early Hints\r\nA: b'),
        response('200 OK\r\nContent-Length: 1', 'x'),
      ]),
    );
    assert.deepEqual([seen.head?.status, seen.body], [200, 'x']);
  });
});

describe('keeps the connection', () => {
  for (const [head, expected] of [
    ['200 OK\r\nContent-Length: 0', true],
    ['200 OK\r\nContent-Length: 0\r\nConnection: close', false],
    ['200 OK\r\nContent-Length: 0\r\nconnection: Keep-Alive', true],
  ] as const) {
    it(`${expected}: ${JSON.stringify(head)}`, () => assert.equal(read(response(head)).keepAlive, expected));
  }
});

it('joins repeated fields and reads names in any case', () => {
  const { head } = read(response('200 OK\r\nX-A: 1\r\nx-a:2\r\nContent-Length: 0'));
  assert.equal(head?.headers.get('x-a'), '1, 2');
});

it('sees the same answer however the bytes are cut', () => {
  const chunks = fc.array(fc.stringMatching(/^[ -~]{1,40}$/), { maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(chunks, cuts, fc.boolean(), (parts, sizes, chunked) => {
      const text = parts.join('');
      const body = chunked
        ? `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`
        : text;
      const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${text.length}`;
      const seen = read(response(`200 OK\r\n${framing}`, `${body}REST`), sizes);
      assert.deepEqual([seen.body, seen.ended, seen.rest], [text, true, 'REST']);
    }),
  );
});

describe('refuses', () => {
  for (const [what, bytes] of [
    ['another protocol', Buffer.from('SSH-2.0-OpenSSH_9\r\n\r\n')],
    ['a field without a colon', response('200 OK\r\nnonsense')],
    ['a length that is no number', response('200 OK\r\nContent-Length: -5')],
    ['a length beyond counting', response('200 OK\r\nContent-Length: 99999999999999999999')],
    ['a chunk size that is none', response('200 OK\r\nTransfer-Encoding: chunked', 'zz\r\n')],
    ['a chunk longer than it said', response('200 OK\r\nTransfer-Encoding: chunked', '2\r\nabcd\r\n')],
    ['an endless header', Buffer.from(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(300_000)}`)],
    ['an endless chunk line', response('200 OK\r\nTransfer-Encoding: chunked', `1;${'x'.repeat(20_000)}`)],
  ] as const) {
    it(what, () => assert.throws(() => read(bytes), { name: 'ConnectionError' }));
  }

  it('an end in the middle of a body', () => {
    assert.throws(
      () => read(response('200 OK\r\nContent-Length: 5', 'hel'), undefined, { close: true }),
      /in the middle/,
    );
  });

  it('an end without an answer', () => {
    assert.throws(
      () => new ResponseParser({ onHead() {}, onBody() {}, onEnd() {} }).close(),
      /without an answer/,
    );
  });

  it('garbage, always with the same kind of error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc
            .string()
            .map((text) => Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${text}`)),
        ),
        (bytes) => {
          try {
            read(Buffer.from(bytes), [7]);
          } catch (error) {
            assert.equal((error as Error).name, 'ConnectionError');
          }
        },
      ),
    );
  });
});
