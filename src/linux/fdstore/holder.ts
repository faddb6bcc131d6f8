import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, unsupported } from '#lib/errors';
import { close } from '../ffi/descriptors.ts';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_SEQPACKET, socketpair } from '../ffi/socket.ts';
import { makeFifo } from '../files/index.ts';
import { findProgram, ProcessHandle, type ProcessIdentity, tryWait } from '../process/index.ts';
import { spawnProcess } from '../process/spawn.ts';

type Pair = readonly [number, number];

/** Queues that the entries are spread over. */
const PAIRS = 32;
/** Where the holder has the first end of the first pair; the others follow. */
const FIRST = 3;
const SIGKILL = 9;

/**
 * The process that keeps a store's socket pairs open while we are gone: `cat` of a FIFO that nobody
 * ever writes to, which sleeps in the kernel and whose command line says whose it is. `directory`
 * has the FIFO and a note of the process; it must go with the boot, as what is below /run does.
 */
export class DescriptorHolder implements Disposable {
  readonly pairs: readonly Pair[];
  readonly #directory: string;
  readonly #process: ProcessHandle;

  private constructor(directory: string, handle: ProcessHandle, pairs: readonly Pair[]) {
    this.#directory = directory;
    this.#process = handle;
    this.pairs = pairs;
  }

  /** The one that an earlier life of ours has left; undefined when there is none any more. @throws SystemError */
  static adopt(directory: string): DescriptorHolder | undefined {
    const handle = findLeft(directory);
    if (!handle) return undefined;
    const ends: number[] = [];
    try {
      for (let index = 0; index < 2 * PAIRS; index++) ends.push(handle.copyDescriptor(FIRST + index));
    } catch (error) {
      for (const fd of ends) close(fd);
      handle[Symbol.dispose]();
      // It ended just now; or it was caught between fork and exec, with nothing in it yet.
      if (['ESRCH', 'EBADF'].includes(codeOf(error) ?? '')) return undefined;
      throw error;
    }
    note(directory, handle.identity);
    return new DescriptorHolder(directory, handle, inPairs(ends));
  }

  /** Starts one, with nothing in store. @throws SystemError, unsupported */
  static start(directory: string): DescriptorHolder {
    const path = findProgram('cat');
    if (path === undefined) throw unsupported('there is no program cat in $PATH');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const fifo = fifoIn(directory);
    if (!existsSync(fifo)) makeFifo(fifo, 0o600);
    const ends = Array.from({ length: PAIRS }, openPair).flat();
    try {
      // Without this a kill of ours right after the spawn would leave a process that nobody knows of.
      note(directory, 'starting');
      const fds = Object.fromEntries(ends.map((fd, index) => [FIRST + index, fd]));
      const pid = spawnProcess({ path, argv: ['cat', fifo], env: [], fds });
      const handle = ProcessHandle.open(pid);
      if (!handle) throw unsupported('the holder of descriptors ended at once');
      note(directory, handle.identity);
      return new DescriptorHolder(directory, handle, inPairs(ends));
    } catch (error) {
      for (const fd of ends) close(fd);
      throw error;
    }
  }

  /** Resolves when the process ends, or this object is disposed. */
  async ended(): Promise<void> {
    await this.#process.ended();
    tryWait(this.#process.identity.pid);
  }

  get pid(): number {
    return this.#process.identity.pid;
  }

  /** Ends the process: what was in store is kept no longer. */
  async stop(): Promise<void> {
    const ended = this.ended();
    this.#process.signal(SIGKILL);
    await ended;
    // Only now: without its note nobody would find a process that a kill of ours has spared.
    rmSync(noteIn(this.#directory), { force: true });
  }

  /** Closes our ends; the process goes on. */
  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]();
    for (const fd of this.pairs.flat()) close(fd);
  }
}

const fifoIn = (directory: string): string => join(directory, 'hold');
const noteIn = (directory: string): string => join(directory, 'holder.json');

function note(directory: string, holder: ProcessIdentity | 'starting'): void {
  writeFileSync(noteIn(directory), JSON.stringify(holder));
}

function findLeft(directory: string): ProcessHandle | undefined {
  const noted = readNote(directory);
  const known = noted && noted !== 'starting' ? ProcessHandle.open(noted.pid, noted) : undefined;
  // A kill of ours may have come between a process and its note, whichever way round.
  return known ?? findByCommand(directory);
}

function readNote(directory: string): ProcessIdentity | 'starting' | undefined {
  try {
    const noted: unknown = JSON.parse(readFileSync(noteIn(directory), 'utf8'));
    if (noted === 'starting') return noted;
    return isIdentity(noted) ? noted : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    // Cut off by a kill: it may have been the note of a process.
    if (error instanceof SyntaxError) return 'starting';
    throw error;
  }
}

const isIdentity = (value: unknown): value is ProcessIdentity =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  typeof value.pid === 'number' &&
  'startTime' in value &&
  typeof value.startTime === 'string' &&
  'bootId' in value &&
  typeof value.bootId === 'string';

function findByCommand(directory: string): ProcessHandle | undefined {
  const wanted = `cat\0${fifoIn(directory)}\0`;
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && commandLine(name) === wanted);
  return pid === undefined ? undefined : ProcessHandle.open(Number(pid));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

function openPair(): number[] {
  const ends = new Int32Array(2);
  socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
  return [...ends];
}

const inPairs = (ends: readonly number[]): Pair[] =>
  Array.from({ length: ends.length / 2 }, (_, index) => [ends[2 * index] ?? -1, ends[2 * index + 1] ?? -1]);
