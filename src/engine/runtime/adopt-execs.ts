import { readdirSync, rmSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { messageOf } from '#lib/errors';
import { ProcessHandle } from '#linux/process';
import { readText } from './bundle.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { ExecDirectory } from './exec-directory.ts';

/**
 * Commands that an earlier daemon ran in a container. Nobody can ask for their exit code any more, but they
 * may go on: the files of each are removed once its last process has ended.
 */
export function adoptExecs(context: RuntimeContext, container: Container): void {
  for (const execId of namesIn(container.bundle.execs)) {
    settle(new ExecDirectory(container.bundle.exec(execId))).catch((error: unknown) => {
      context.log.warn(`cannot remove what an exec left: ${messageOf(error)}`, { id: container.id, execId });
    });
  }
}

async function settle(directory: ExecDirectory): Promise<void> {
  for (const pid of await toldOf(directory)) {
    using handle = ProcessHandle.open(pid);
    await handle?.ended();
  }
  await rm(directory.path, { recursive: true, force: true });
}

/** conmon is told the directory, the runtime a file in it. */
async function toldOf({ path, process }: ExecDirectory): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => {
    const words = readText(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
    return words.includes(path) || words.includes(process);
  });
}

/** Sockets on which a terminal was to arrive at an earlier daemon. */
export function removeConsoles({ paths }: Pick<RuntimeContext, 'paths'>): void {
  rmSync(paths.consoles, { recursive: true, force: true });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // Nothing has ever been executed in it.
    return [];
  }
}
