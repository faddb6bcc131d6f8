import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { invalid } from '#lib/errors';
import { cleanPath, decompress, type Owner, peek, type TarEntry, TarReader, tarPadding } from '#oci/layer';
import { headerOf } from './pack.ts';
import { childPath } from './tree.ts';

const BZIP2 = Buffer.from('BZh');
const XZ = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]);
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Whether a file is an archive that ADD unpacks: by what is in it, not by its name. */
export async function isArchive(content: AsyncIterable<Uint8Array>): Promise<boolean> {
  try {
    let read = Buffer.alloc(0);
    for await (const chunk of plain(content)) {
      read = Buffer.concat([read, chunk]);
      if (read.length >= 512) break;
    }
    return read.length >= 512 && isTarHeader(read.subarray(0, 512));
  } catch {
    // What cannot be read as an archive is a file like any other.
    return false;
  }
}

/** The checksum of a header is the sum of its bytes, its own field taken as spaces (pax(1), ustar). */
function isTarHeader(block: Buffer): boolean {
  const written = Number.parseInt(block.subarray(148, 156).toString('latin1').replace(/\0.*/s, '').trim(), 8);
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  return written === sum && sum > 256;
}

/** Uncompressed: gzip and zstd here, bzip2 and xz by their programs. */
async function* plain(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const { head, whole } = await peek(content);
  const begins = (magic: Buffer) => Buffer.from(head).subarray(0, magic.length).equals(magic);
  if (begins(BZIP2)) yield* throughProgram(whole, 'bzip2');
  else if (begins(XZ)) yield* throughProgram(whole, 'xz');
  else if (begins(GZIP) || begins(ZSTD)) yield* decompress(whole);
  else yield* whole;
}

async function* throughProgram(
  content: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void> {
  const child = spawn(name, ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code);
  ended.catch(() => null);
  const fed = pipeline(Readable.from(content, { objectMode: false }), child.stdin);
  fed.catch(() => {});
  try {
    yield* child.stdout;
    if ((await ended) !== 0) throw invalid(`the archive is damaged: ${name} cannot read it`);
  } finally {
    child.kill('SIGKILL');
  }
}

/** The members of an archive as members of a layer, below a directory. */
export async function* repack(
  content: AsyncIterable<Uint8Array>,
  directory: string,
  owner: Owner | undefined,
): AsyncGenerator<Buffer, void> {
  const pieces: Buffer[] = [];
  let size = 0;
  const reader = new TarReader({
    entry(entry) {
      size = entry.type === 'file' ? entry.size : 0;
      pieces.push(memberHeader(entry, directory, owner));
    },
    // The reader's buffer is its own.
    body: (chunk) => pieces.push(Buffer.from(chunk)),
    end: () => pieces.push(tarPadding(size)),
  });
  for await (const chunk of plain(content)) {
    reader.push(chunk);
    yield* pieces.splice(0);
  }
  reader.close();
  yield* pieces.splice(0);
}

function memberHeader(entry: TarEntry, directory: string, owner: Owner | undefined): Buffer {
  if (entry.segments) throw invalid(`the archive has a sparse file, ${entry.path}: ADD cannot unpack it`);
  const place = (name: string) => childPath(directory, cleanPath(name, 'archive entry')).replace(/\/$/, '');
  const { type, link, path, ...rest } = entry;
  return headerOf(
    place(path),
    {
      ...rest,
      ...owner,
      type: type === 'link' ? 'file' : type,
      link: type === 'link' ? place(link) : link,
    },
    type === 'link' ? 'link' : undefined,
  );
}
