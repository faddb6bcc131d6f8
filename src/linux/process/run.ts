import { Socket } from 'node:net';
import { cancelled } from '#lib/errors';
import { close } from '../ffi/descriptors.ts';
import { collect, pipe } from './pipe.ts';
import type { SpawnOptions } from './spawn.ts';
import type { Spawner } from './spawner.ts';
import { wait } from './wait.ts';

export interface RunResult {
  /** Exit code, 128+signal after a signal. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface RunOptions extends SpawnOptions {
  /** Written to stdin; without it stdin is /dev/null. */
  readonly input?: Buffer;
  /** Bytes kept of stdout and of stderr each. Default 16 MiB. */
  readonly limit?: number;
}

const SIGKILL = 9;

/** How long output is still read after the end of a program that left its pipes to a child. */
const LINGER_MS = 500;

/**
 * Spawns, collects (bounded) output, waits. For short commands such as `crun delete`; killed when
 * `signal` aborts.
 * @throws SystemError when it cannot be started, cancelled
 */
export async function run(spawner: Spawner, options: RunOptions, signal?: AbortSignal): Promise<RunResult> {
  if (signal?.aborted) throw cancelled();
  using pipes = new Pipes(options.input !== undefined);
  const pid = await spawner.spawn({ ...options, fds: { ...options.fds, ...pipes.childEnds() } });
  pipes.closeChildEnds();

  const stop = new AbortController();
  const stdout = collect(pipes.take('stdout'), options.limit, stop.signal);
  const stderr = collect(pipes.take('stderr'), options.limit, stop.signal);
  if (options.input !== undefined) feed(pipes.take('stdin'), options.input);

  let linger: NodeJS.Timeout | undefined;
  try {
    const status = await wait(pid, signal).catch(async (error: unknown) => {
      // Not reaped yet, so the pid is still the program's own.
      process.kill(pid, SIGKILL);
      await wait(pid);
      throw error;
    });
    linger = setTimeout(() => stop.abort(), LINGER_MS);
    return { code: status?.code ?? 255, stdout: await stdout, stderr: await stderr };
  } catch (error) {
    stop.abort();
    await Promise.allSettled([stdout, stderr]);
    throw error;
  } finally {
    clearTimeout(linger);
  }
}

/** A program may end without reading all of its input. */
function feed(fd: number, input: Buffer): void {
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on('error', () => socket.destroy());
  socket.end(input);
}

/** Both ends of a program's standard streams; closes what nobody took over. */
class Pipes implements Disposable {
  readonly #ends: Map<string, number>;

  constructor(withInput: boolean) {
    const [out, err] = [pipe(), pipe()];
    this.#ends = new Map([
      ['stdout', out.read],
      ['child 1', out.write],
      ['stderr', err.read],
      ['child 2', err.write],
    ]);
    if (withInput) {
      const input = pipe();
      this.#ends.set('stdin', input.write).set('child 0', input.read);
    }
  }

  childEnds(): Record<number, number> {
    const ends: Record<number, number> = {};
    for (const [name, fd] of this.#ends) {
      if (name.startsWith('child ')) ends[Number(name.slice(6))] = fd;
    }
    return ends;
  }

  closeChildEnds(): void {
    for (const name of this.#ends.keys()) if (name.startsWith('child ')) close(this.take(name));
  }

  /** Hands over an end: its taker closes it. */
  take(name: string): number {
    const fd = this.#ends.get(name);
    if (fd === undefined) throw new Error(`no such end: ${name}`);
    this.#ends.delete(name);
    return fd;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#ends.values()) close(fd);
    this.#ends.clear();
  }
}
