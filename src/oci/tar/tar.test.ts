import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import {
  fsPath,
  pathBytes,
  pathFromBytes,
  SparseCursor,
  TAR_END,
  type TarEntry,
  TarReader,
  tarHeader,
  tarPadding,
} from './index.ts';
import { paxRecord, readPax } from './pax.ts';

interface Read {
  readonly entry: TarEntry;
  readonly body: Buffer;
}

function readAll(archive: Buffer, pieceSize = archive.length): Read[] {
  const found: Read[] = [];
  let parts: Buffer[] = [];
  let current: TarEntry | undefined;
  const reader = new TarReader({
    entry: (entry) => {
      current = entry;
      parts = [];
    },
    body: (chunk) => parts.push(Buffer.from(chunk)),
    end: () => current && found.push({ entry: current, body: Buffer.concat(parts) }),
  });
  for (let at = 0; at < archive.length; at += pieceSize) reader.push(archive.subarray(at, at + pieceSize));
  reader.close();
  return found;
}

const xattr = fc.tuple(
  fc.stringMatching(/^(user|trusted|security)\.[a-zé.]{1,20}$/),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);
const name = fc
  .array(
    fc.oneof(
      fc.stringMatching(/^[a-z. ]{1,90}$/),
      fc.string({ minLength: 1, maxLength: 20 }),
      fc.uint8Array({ minLength: 1, maxLength: 9 }).map((b) => pathFromBytes(b)),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join('/'))
  .filter((path) => !path.includes('\0') && !path.endsWith('/') && pathFromBytes(pathBytes(path)) === path);

const header = fc.record({
  path: name,
  type: fc.constantFrom(
    'file' as const,
    'directory' as const,
    'symlink' as const,
    'link' as const,
    'char' as const,
    'fifo' as const,
  ),
  mode: fc.nat(0o7777),
  uid: fc.nat(0xffff_fffe),
  gid: fc.nat(0xffff_fffe),
  mtime: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 20n }),
  link: name,
  major: fc.nat(0xfff),
  minor: fc.nat(0xfffff),
  xattrs: fc.array(xattr, { maxLength: 3 }).map((pairs) => new Map(pairs)),
  body: fc.uint8Array({ maxLength: 1200 }).map((bytes) => Buffer.from(bytes)),
});

test('what is written is read again, byte for byte, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(header, { maxLength: 5 }),
      fc.integer({ min: 1, max: 1500 }),
      (headers, pieceSize) => {
        const parts = headers.flatMap((one) => {
          const body = one.type === 'file' ? one.body : Buffer.alloc(0);
          return [tarHeader({ ...one, size: body.length }), body, tarPadding(body.length)];
        });
        const archive = Buffer.concat([...parts, TAR_END]);
        const entries = readAll(archive, pieceSize);
        assert.equal(entries.length, headers.length);
        for (const [index, one] of headers.entries()) {
          const { entry, body } = entries[index] as Read;
          const linked = one.type === 'symlink' || one.type === 'link';
          assert.equal(entry.path, one.type === 'directory' ? `${one.path}/` : one.path);
          assert.equal(entry.link, linked ? one.link : '');
          const { type, mode, uid, gid, mtime, major, minor } = one;
          const { path: _p, link: _l, size, fileSize, offset, segments, xattrs, ...rest } = entry;
          assert.deepEqual(rest, { type, mode, uid, gid, mtime, major, minor });
          assert.deepEqual(new Map(xattrs), one.xattrs);
          assert.deepEqual(body, one.type === 'file' ? one.body : Buffer.alloc(0));
          assert.deepEqual([size, fileSize, segments], [body.length, body.length, undefined]);
          assert.deepEqual(archive.subarray(offset, offset + size), body);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('names of any bytes survive as strings', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(pathBytes(pathFromBytes(bytes)), Buffer.from(bytes));
      const form = fsPath(pathFromBytes(bytes));
      assert.deepEqual(Buffer.from(form as string), Buffer.from(bytes));
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => assert.equal(fsPath(text), text)));
  assert.notEqual(pathFromBytes(Buffer.from([0xff])), pathFromBytes(Buffer.from([0xfe])));
});

test('PAX records count their own length', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z.]{1,20}$/), fc.uint8Array({ maxLength: 1100 }), (key, value) => {
      const read = readPax(paxRecord(key, value));
      assert.deepEqual([...read], [[key, Buffer.from(value)]]);
    }),
  );
});

const broken = (message: RegExp) => (error: unknown) =>
  isKind(error, 'invalid') && message.test(error.message);
const withSum = (block: Buffer): Buffer => {
  block.fill(' ', 148, 156);
  block.write(
    `${block
      .subarray(0, 512)
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return block;
};
const edited = (edit: (block: Buffer) => void): Buffer => {
  const block = tarHeader({ path: 'x', type: 'file', size: 0 });
  edit(block);
  return Buffer.concat([withSum(block), TAR_END]);
};
const extended = (flag: string, data: Buffer | string): Buffer => {
  const block = tarHeader({ path: 'e', type: 'file', size: Buffer.from(data).length });
  block.write(flag, 156);
  return Buffer.concat([withSum(block), Buffer.from(data), tarPadding(Buffer.from(data).length)]);
};
const file = tarHeader({ path: 'f', type: 'file' });

test('numbers in base 256 are read, negative ones too', () => {
  const big = edited((block) => {
    block.fill(0, 108, 116);
    block[108] = 0x80;
    block.writeUInt32BE(3_000_000_000, 112);
    block.fill(0xff, 136, 148);
    block[147] = 0xfe;
  });
  const [read] = readAll(big);
  assert.deepEqual([read?.entry.uid, read?.entry.mtime], [3_000_000_000, -2_000_000_000n]);
});

test('old archives: v7 directories, spaces in numbers, signed checksums, star prefixes', () => {
  const v7 = edited((block) => {
    block.fill(0, 257, 512);
    block.write('dir/', 0);
    block[156] = 0;
    block.write('  755 \0', 100);
  });
  assert.deepEqual(
    readAll(v7).map(({ entry }) => [entry.type, entry.mode]),
    [['directory', 0o755]],
  );
  const signed = edited((block) => block.write('\xff', 0, 'latin1'));
  const sum = signed
    .subarray(0, 512)
    .reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte > 127 ? byte - 256 : byte), 0);
  signed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  assert.equal(readAll(signed)[0]?.entry.path, '\udcff');
  const star = edited((block) => {
    block.write('prefix', 345);
    block.write('00000000000 00000000000 ', 476);
    block.write('tar\0', 508);
  });
  assert.equal(readAll(star)[0]?.entry.path, 'prefix/x');
});

test('GNU long names and PAX override the header; global records do not', () => {
  const long = 'n'.repeat(300);
  const [gnu] = readAll(
    Buffer.concat([
      extended('L', `${long}\0`),
      extended('K', `${long}/k\0`),
      withSum(Object.assign(tarHeader({ path: 'x', type: 'symlink' }))),
      TAR_END,
    ]),
  );
  assert.deepEqual([gnu?.entry.path, gnu?.entry.link], [long, `${long}/k`]);
  const pax = Buffer.concat([
    paxRecord('path', Buffer.from('ü/\xff')),
    paxRecord('uid', Buffer.from('123')),
    paxRecord('mtime', Buffer.from('-1.5')),
    paxRecord('gid', Buffer.from('')),
  ]);
  const [posix] = readAll(
    Buffer.concat([
      extended('g', paxRecord('path', Buffer.from('global'))),
      extended('x', pax),
      file,
      file,
      TAR_END,
    ]),
  );
  assert.deepEqual(
    [posix?.entry.path, posix?.entry.uid, posix?.entry.gid, posix?.entry.mtime],
    ['ü/\xff', 123, 0, -1_500_000_000n],
  );
});

test('broken archives are refused with the reason', () => {
  const pax = (data: Buffer | string) => Buffer.concat([extended('x', data), file, TAR_END]);
  const record = (key: string, value: string) => pax(paxRecord(key, Buffer.from(value)));
  const cases: [Buffer, RegExp][] = [
    [Buffer.concat([Buffer.alloc(512, 'x'), TAR_END]), /malformed number|checksum/],
    [Buffer.concat([file.map((byte, at) => (at === 0 ? byte + 1 : byte)), TAR_END] as Buffer[]), /checksum/],
    [edited((block) => block.write('9', 110)), /malformed number/],
    [edited((block) => block.write('Z', 156)), /unsupported tar entry type "Z"/],
    [edited((block) => block.fill(0xff, 124, 136)), /negative size/],
    [edited((block) => block.fill(0x80, 124, 136)), /out of range/],
    [edited((block) => block.fill(0xff, 108, 116)), /id -1 is out of range/],
    [pax('7 a=b\n'), /malformed PAX/],
    [pax('99 a=b\n'), /malformed PAX/],
    [pax('6 a=bb'), /malformed PAX/],
    [pax('5 =b\n'), /malformed PAX/],
    [pax('5 ab\n'), /malformed PAX/],
    [pax('-6 a=b\n'), /malformed PAX/],
    [record('a\0b', 'x'), /malformed PAX/],
    [record('size', 'x'), /size is "x"/],
    [record('size', '99999999999999999'), /size is "9/],
    [record('uid', '-1'), /uid is "-1"/],
    [record('uid', '4294967295'), /out of range/],
    [record('mtime', 'x'), /time is "x"/],
    [record('path', 'a\0b'), /NUL/],
    [record('GNU.sparse.major', '2'), /unsupported version 2/],
    [record('GNU.sparse.map', '0,1'), /without its size/],
    [Buffer.concat([file, Buffer.alloc(512), file, TAR_END]), /follows an end mark/],
  ];
  for (const [archive, message] of cases)
    assert.throws(() => readAll(archive), broken(message), String(message));
  const huge = tarHeader({ path: 'e', type: 'file', size: 2 ** 21 });
  huge.write('x', 156);
  assert.throws(() => readAll(withSum(huge)), broken(/extended header of 2097152 bytes/));
});

test('truncation is seen wherever it happens', () => {
  const archive = Buffer.concat([
    extended('x', paxRecord('path', Buffer.from('p'))),
    tarHeader({ path: 'f', type: 'file', size: 700 }),
    Buffer.alloc(700, 1),
    tarPadding(700),
  ]);
  for (let length = 1; length < archive.length; length += 11) {
    assert.throws(() => readAll(archive.subarray(0, length)), broken(/truncated/), `at ${length}`);
  }
  assert.equal(readAll(archive).length, 1);
  assert.equal(readAll(Buffer.concat([archive, Buffer.alloc(512)])).length, 1);
  assert.equal(readAll(Buffer.concat([archive, TAR_END, Buffer.from('rubbish')])).length, 1);
});

test('sparse maps that lie are refused', () => {
  const sparse = (map: string, size: string, body = 2) =>
    Buffer.concat([
      extended(
        'x',
        Buffer.concat([
          paxRecord('GNU.sparse.map', Buffer.from(map)),
          paxRecord('GNU.sparse.size', Buffer.from(size)),
        ]),
      ),
      tarHeader({ path: 'f', type: 'file', size: body }),
      Buffer.alloc(body, 1),
      tarPadding(body),
      TAR_END,
    ]);
  assert.deepEqual(readAll(sparse('0,1,5,1', '9'))[0]?.entry.segments, [
    { offset: 0, length: 1 },
    { offset: 5, length: 1 },
  ]);
  assert.throws(() => readAll(sparse('5,1,0,1', '9')), broken(/overlapping/));
  assert.throws(() => readAll(sparse('0,1,0,1', '9')), broken(/overlapping/));
  assert.throws(() => readAll(sparse('0,1,9,1', '9')), broken(/do not match/));
  assert.throws(() => readAll(sparse('0,1', '9')), broken(/do not match/));
  assert.throws(() => readAll(sparse('0,1,2', '9')), broken(/odd number/));
  assert.throws(() => readAll(sparse(`0,1,${2 ** 53},1`, '9')), broken(/sparse map/));
  const map = (text: string) =>
    Buffer.concat([
      extended(
        'x',
        Buffer.concat([
          paxRecord('GNU.sparse.major', Buffer.from('1')),
          paxRecord('GNU.sparse.realsize', Buffer.from('9')),
        ]),
      ),
      tarHeader({ path: 'f', type: 'file', size: 512 }),
      Buffer.concat([Buffer.from(text), Buffer.alloc(512)]).subarray(0, 512),
      TAR_END,
    ]);
  assert.deepEqual(readAll(map('0\n'))[0]?.entry.segments, []);
  assert.throws(() => readAll(map('x\n')), broken(/sparse map/));
  assert.throws(() => readAll(map('999999999\n')), broken(/too many segments/));
  assert.throws(() => readAll(map('1\n0\n5\n')), broken(/do not match/));
});

test('a sparse body lands where its segments say, however it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 8 }),
      fc.integer({ min: 1, max: 30 }),
      (shape, pieceSize) => {
        let end = 0;
        const segments = shape.map(([gap, length]) => {
          const segment = { offset: end + gap, length };
          end = segment.offset + length;
          return segment;
        });
        const body = Buffer.from(segments.flatMap(({ length }) => Array.from({ length }, (_, i) => i + 1)));
        const expected = Buffer.alloc(end);
        for (const { offset, length } of segments)
          for (let i = 0; i < length; i++) expected[offset + i] = i + 1;
        const actual = Buffer.alloc(end);
        const cursor = new SparseCursor(segments);
        for (let at = 0; at < body.length; at += pieceSize) {
          cursor.place(body.subarray(at, at + pieceSize), (part, position) => part.copy(actual, position));
        }
        assert.deepEqual(actual, expected);
      },
    ),
  );
});
