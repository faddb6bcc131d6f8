import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { errnoName } from '../errno.ts';
import { attribute, be32, message, text } from '../netlink/message.ts';
import { nftErrno } from './error.ts';
import { GenerationReader } from './watch.ts';

test('the errno is read from the words of libnftables', () => {
  for (const [said, name] of [
    ['Error: Could not process rule: File exists\nadd x\n^^^', 'EEXIST'],
    ['Error: Could not process rule: No such file or directory\n', 'ENOENT'],
    ['Error: No such file or directory; did you mean table ‘x’ in family inet?\nlist', 'ENOENT'],
    ['Error: Could not process rule: Operation not permitted', 'EPERM'],
    ['Error: syntax error, unexpected newline', 'EINVAL'],
    ['', 'EINVAL'],
    ['Error: toString', 'EINVAL'],
  ] as const) {
    assert.equal(errnoName(nftErrno(said)), name, said);
  }
});

const event = (kind: number, attributes: Buffer[], port = 0) => {
  const bytes = message((10 << 8) | kind, 0, 1, [Buffer.from([1, 0, 0, 0]), ...attributes]);
  bytes.writeUInt32LE(port, 12);
  return bytes;
};
const deletion = (table: string, kind = 14) => event(kind, [attribute(1, text(table))]);
const generation = (pid: number, port = 5) => event(15, [attribute(2, be32(pid))], port);

test('deletions are told per transaction, with who did it, however the datagrams are cut', () => {
  const stream = [
    deletion('a'),
    deletion('b', 2),
    event(12, [attribute(1, text('c'))]),
    generation(7),
    generation(8, 9),
  ];
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (cuts) => {
      const reader = new GenerationReader();
      const found = [];
      let datagram: Buffer[] = [];
      for (const [index, part] of stream.entries()) {
        datagram.push(part);
        if (cuts[index]) {
          found.push(...reader.read(Buffer.concat(datagram)));
          datagram = [];
        }
      }
      found.push(...reader.read(Buffer.concat(datagram)));
      assert.deepEqual(found, [
        { touched: new Set(['a', 'b']), changed: new Set(['a', 'b', 'c']), pid: 7, port: 5 },
        { touched: new Set(), changed: new Set(), pid: 8, port: 9 },
      ]);
    }),
  );
});
