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
  const input = options.stdin ? pipe() : undefined;
  const [output, errors] = [pipe(), pipe()];
  const theirs = { ...(input && { 0: input.read }), 1: output.write, 2: errors.write };
  const ours = [...(input ? [input.write] : []), output.read, errors.read];
  try {
    const { pid, exited } = await spawnExec(context, container, directory, options, theirs, [], signal);
    return {
      pid,
      exited,
      stdin: input && quiet(new Socket({ fd: input.write, readable: false, writable: true })),
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
