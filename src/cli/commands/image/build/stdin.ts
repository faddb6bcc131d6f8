import { pack } from 'tar-stream';

const BLOCK = 512;
const MAGIC = [
  Buffer.from([0x1f, 0x8b]),
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
  Buffer.from('BZh'),
  Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]),
];

/** A context that comes as an archive, or a Dockerfile alone, which becomes a context of that one file. */
export async function peekArchive(
  source: AsyncIterable<Buffer>,
): Promise<{ readonly archive: boolean; readonly content: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const parts: Buffer[] = [];
  let length = 0;
  while (length < BLOCK) {
    const next = await iterator.next();
    if (next.done) break;
    parts.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(parts);
  const isTar = head.length >= BLOCK && head.subarray(257, 262).toString('latin1') === 'ustar';
  const isCompressed = MAGIC.some((magic) => head.subarray(0, magic.length).equals(magic));
  const whole = resume(head, iterator);
  return isTar || isCompressed
    ? { archive: true, content: whole }
    : { archive: false, content: alone(whole) };
}

async function* resume(head: Buffer, iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  yield head;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
}

async function* alone(source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array, void> {
  const dockerfile = Buffer.concat(await Array.fromAsync(source));
  const archive = pack();
  archive.entry({ name: 'Dockerfile' }, dockerfile);
  archive.finalize();
  for await (const chunk of archive) yield chunk as Uint8Array;
}
