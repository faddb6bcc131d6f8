import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { ReadStream } from 'node:tty';
import { conflict } from '#lib/errors';
import { openConsoleSocket, resizeTerminal } from '#linux/pty';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import type { ExecOptions, ExecSession } from './exec.ts';
import type { ExecDirectory } from './exec-directory.ts';
import { spawnExec } from './exec-process.ts';

/** With a terminal: the runtime makes it in the container and sends us the master side. */
export async function execTerminal(
  context: RuntimeContext,
  container: Container,
  directory: ExecDirectory,
  options: ExecOptions,
  signal?: AbortSignal,
): Promise<ExecSession> {
  mkdirSync(context.paths.consoles, { recursive: true, mode: 0o700 });
  const path = join(context.paths.consoles, randomBytes(6).toString('hex'));
  const socket = openConsoleSocket(path);
  const given = new AbortController();
  // It has its size the moment it is here: the command may ask for it before the runtime says that it runs.
  const arriving = socket.receive(given.signal).then((fd) => {
    if (options.size) resizeTerminal(fd, ...options.size);
    return fd;
  });
  // It is waited for only after the spawn.
  arriving.catch(() => {});
  try {
    const { pid, exited } = await spawnExec(
      context,
      container,
      directory,
      options,
      {},
      ['--console-socket', path],
      signal,
    );
    const terminal = new Terminal(await arriving);
    return {
      pid,
      exited,
      stdin: options.stdin ? terminal : undefined,
      stdout: terminal,
      stderr: undefined,
      resize: async (rows, columns) => terminal.resize(rows, columns),
    };
  } catch (error) {
    given.abort();
    // A command that cannot be executed has its terminal all the same.
    await arriving.then(closeSync, () => {});
    throw error;
  } finally {
    socket.close();
  }
}

/** The master side of a terminal. Reading ends when the last process has closed the other side. */
class Terminal extends Duplex {
  readonly #fd: number;
  readonly #stream: ReadStream;

  constructor(fd: number) {
    super({ allowHalfOpen: true });
    this.#fd = fd;
    this.#stream = new ReadStream(fd);
    this.#stream.on('data', (chunk) => {
      if (!this.push(chunk)) this.#stream.pause();
    });
    // A master whose other side is closed does not end, it fails with EIO.
    this.#stream.on('error', () => this.#stream.destroy());
    this.#stream.on('close', () => this.push(null));
  }

  resize(rows: number, columns: number): void {
    if (this.#stream.destroyed) throw conflict('cannot resize: the terminal is closed');
    resizeTerminal(this.#fd, rows, columns);
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#stream.destroyed) return done();
    this.#stream.write(chunk, () => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream.destroy();
    done(error);
  }
}
