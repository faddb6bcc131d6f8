import type { Duplex } from 'node:stream';
import { isKind } from '#lib/errors';
import { connectSeqpacket } from '#linux/socket';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { resizeByControl } from './control.ts';
import type { ExecOptions, ExecSession } from './exec.ts';
import { spawnExecConmon } from './exec-conmon.ts';
import type { ExecDirectory } from './exec-directory.ts';
import { TerminalRecords } from './terminal-records.ts';

/** A terminal held by conmon: for runtimes that hand one over only to leave at once, and the exit code with them. */
export async function execHeldTerminal(
  context: RuntimeContext,
  container: Container,
  directory: ExecDirectory,
  options: ExecOptions,
): Promise<ExecSession> {
  let connection: Duplex | undefined;
  const conmon = await spawnExecConmon(context, container, directory, options, () => {
    connection = connectSeqpacket(directory.attachSocket);
  });
  const terminal = new TerminalRecords(connection);
  try {
    const pid = await conmon.started();
    if (options.size) sizeAtFirst(directory, ...options.size);
    return {
      pid,
      exited: conmon.exited(),
      stdin: options.stdin ? terminal : undefined,
      stdout: terminal,
      stderr: undefined,
      resize: async (height, width) => resizeByControl(directory.control, height, width),
    };
  } catch (error) {
    terminal.destroy();
    throw error;
  }
}

function sizeAtFirst(directory: ExecDirectory, rows: number, columns: number): void {
  try {
    resizeByControl(directory.control, rows, columns);
  } catch (error) {
    // A short command has ended already.
    if (!isKind(error, 'conflict')) throw error;
  }
}
