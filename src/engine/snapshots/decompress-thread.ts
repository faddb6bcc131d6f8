// A thread that reads, decompresses and hashes one layer for the thread that unpacks it: `serveJob` at the end.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { invalid } from '#lib/errors';
import { serveJob } from '#lib/job';
import { type RingMemory, RingWriter } from '#lib/ring';
import { pipe } from '#linux/process';
import { decompress, detectCompression, MAGIC_BYTES } from '#oci/layer';
import type { StoredLayer } from './snapshots.ts';

export interface DecompressInput {
  readonly stored: StoredLayer;
  readonly ring: RingMemory;
  readonly igzip: string | undefined;
}
export interface DecompressNews {
  /** Of the stored layer, read so far. */
  readonly bytes: number;
}

/** Uncompressed bytes between two progress reports. */
const REPORT_EVERY = 4 << 20;
const PART_CHUNK = 1 << 20;

type Report = () => void;

/** Returns the digest of the uncompressed tar. */
async function work(input: DecompressInput, tell: (news: DecompressNews) => void): Promise<string> {
  const { path, part } = input.stored;
  const fd = openSync(path, 'r');
  try {
    // A part of a file is an image's tar, as it is.
    if (part) return copyPart(fd, part, new Output(input.ring, () => {}));
    const head = Buffer.alloc(MAGIC_BYTES);
    const length = readSync(fd, head, 0, MAGIC_BYTES, 0);
    const compression = detectCompression(head.subarray(0, length));
    const output = new Output(input.ring, () => tell({ bytes: positionOf(fd) }));
    if (compression === 'none') output.drain(fd);
    else if (compression === 'gzip' && input.igzip) await gunzip(fd, input.igzip, output);
    else await throughZlib(fd, output);
    const digest = output.finish();
    tell({ bytes: fstatSync(fd).size });
    return digest;
  } finally {
    closeSync(fd);
  }
}

function copyPart(fd: number, { start, length }: { start: number; length: number }, output: Output): string {
  for (let done = 0; done < length; ) {
    const chunk = Buffer.alloc(Math.min(PART_CHUNK, length - done));
    const read = readSync(fd, chunk, 0, chunk.length, start + done);
    if (read === 0) throw invalid('the image that holds the tar of a layer is too short');
    output.write(chunk.subarray(0, read));
    done += read;
  }
  return output.finish();
}

/** The ring's writing end, with the hash of all that passes. */
class Output {
  readonly #ring: RingWriter;
  readonly #hash = createHash('sha256');
  readonly #report: Report;
  #unreported = 0;

  constructor(ring: RingMemory, report: Report) {
    this.#ring = new RingWriter(ring);
    this.#report = report;
  }

  write(chunk: Uint8Array): void {
    this.#ring.write(chunk);
    this.#count(chunk);
  }

  /** Reads a descriptor to its end, straight into the ring. */
  drain(fd: number): void {
    for (;;) {
      const slot = this.#ring.next();
      let filled = 0;
      // A pipe gives 64 KiB at a time: a full slot saves the other thread wake-ups.
      for (let read = -1; read !== 0 && filled < slot.length; filled += read) {
        read = readSync(fd, slot, filled, slot.length - filled, null);
      }
      if (filled === 0) return;
      this.#count(slot.subarray(0, filled));
      this.#ring.publish(filled);
    }
  }

  finish(): string {
    this.#ring.end();
    return `sha256:${this.#hash.digest('hex')}`;
  }

  #count(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#unreported += chunk.length;
    if (this.#unreported < REPORT_EVERY) return;
    this.#unreported = 0;
    this.#report();
  }
}

async function throughZlib(fd: number, output: Output): Promise<void> {
  const source = createReadStream('', { fd, autoClose: false, highWaterMark: 256 * 1024 });
  for await (const chunk of decompress(source)) output.write(chunk);
}

async function gunzip(fd: number, igzip: string, output: Output): Promise<void> {
  const { read, write } = pipe();
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn(igzip, ['--decompress', '--stdout'], { stdio: [fd, write, 'pipe'] });
  } finally {
    closeSync(write);
  }
  const complaint: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => complaint.length < 10 && complaint.push(chunk));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    output.drain(read);
  } catch (error) {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
    throw error;
  } finally {
    closeSync(read);
  }
  const code = await ended;
  if (code !== 0) {
    const reason = Buffer.concat(complaint).toString().trim().slice(0, 200);
    throw invalid(`damaged or truncated compressed data: gzip: ${reason || `exit code ${code}`}`);
  }
}

/** How far a descriptor has been read, also by a child that shares it. */
function positionOf(fd: number): number {
  const [, position] = /^pos:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
  return Number(position ?? 0);
}

await serveJob(work);
