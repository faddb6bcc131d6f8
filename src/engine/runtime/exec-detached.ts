import { conflict } from '#lib/errors';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { resizeByControl } from './control.ts';
import { endStdin } from './empty-stdin.ts';
import type { ExecOptions, ExecSession } from './exec.ts';
import { spawnExecConmon } from './exec-conmon.ts';
import type { ExecDirectory } from './exec-directory.ts';

/** Held by conmon, so that it outlives the daemon. Its output goes nowhere. */
export async function execDetached(
  context: RuntimeContext,
  container: Container,
  directory: ExecDirectory,
  options: ExecOptions,
): Promise<ExecSession> {
  const conmon = options.terminal
    ? await spawnExecConmon(context, container, directory, options)
    : await spawnExecConmon(context, container, directory, { ...options, stdin: true }, () =>
        endStdin(directory.attachSocket),
      );
  return {
    pid: await conmon.started(),
    exited: conmon.exited(),
    stdin: undefined,
    stdout: undefined,
    stderr: undefined,
    resize: async (rows, columns) => {
      if (!options.terminal) throw conflict(`exec ${options.execId} has no terminal`);
      resizeByControl(directory.control, rows, columns);
    },
  };
}
