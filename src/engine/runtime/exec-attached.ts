import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { conflict } from '#lib/errors';
import { pipe } from '#linux/process';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import type { ExecOptions, ExecSession } from './exec.ts';
import type { ExecDirectory } from './exec-directory.ts';
import { spawnExec } from './exec-process.ts';

/** Without a terminal: the process has our pipes, nothing is in between. */
export async function execAttached(
  context: RuntimeContext,
  container: Container,
  directory: ExecDirectory,
  options: ExecOptions,
  signal?: AbortSignal,
): Promise<ExecSession> {
  // Without input it is a pipe that has ended: see `endStdin`.
  const [input, output, errors] = [pipe(), pipe(), pipe()];
  if (!options.stdin) closeSync(input.write);
  const theirs = { 0: input.read, 1: output.write, 2: errors.write };
  const ours = [...(options.stdin ? [input.write] : []), output.read, errors.read];
  try {
    const { pid, exited } = await spawnExec(context, container, directory, options, theirs, [], signal);
    return {
      pid,
      exited,
      stdin: options.stdin
        ? quiet(new Socket({ fd: input.write, readable: false, writable: true }))
        : undefined,
      stdout: quiet(new Socket({ fd: output.read, readable: true, writable: false })),
      stderr: quiet(new Socket({ fd: errors.read, readable: true, writable: false })),
      resize: async () => {
        throw conflict(`exec ${options.execId} has no terminal`);
      },
    };
  } catch (error) {
    for (const fd of ours) closeSync(fd);
    throw error;
  }
}

/** A process that ends before it has read its input breaks the pipe: no news, and no reason to end the daemon. */
function quiet(socket: Socket): Socket {
  return socket.on('error', () => {});
}
