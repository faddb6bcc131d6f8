import type { Readable, Writable } from 'node:stream';
import type { Process } from '#oci/runtime-spec';
import { isCrun } from './binary.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { execAttached } from './exec-attached.ts';
import { execDetached } from './exec-detached.ts';
import { ExecDirectory } from './exec-directory.ts';
import { execHeldTerminal } from './exec-held-terminal.ts';
import { execTerminal } from './exec-terminal.ts';

export interface ExecOptions {
  readonly containerId: string;
  readonly execId: string;
  readonly process: Process;
  readonly terminal: boolean;
  readonly stdin: boolean;
  /** rows, columns */
  readonly size?: readonly [number, number] | undefined;
  /** Nobody will attach: runs on without the daemon. */
  readonly detached: boolean;
}

/** A process that runs in a container. Its streams carry bytes; with a terminal all output is stdout. */
export interface ExecSession {
  /** On the host. */
  readonly pid: number;
  /** `end()` is its end of file, except for a terminal. Undefined when it was not asked for. */
  readonly stdin: Writable | undefined;
  /** Undefined when detached. */
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  resize(rows: number, columns: number): Promise<void>;
  /** The exit code; 126 or 127 when the command turned out not to be executable. Its output may go on. */
  readonly exited: Promise<number>;
}

/**
 * @param signal gives up only while the process has not been started
 * @throws RuntimeError with the reason when the command cannot be executed
 */
export function execInContainer(
  context: RuntimeContext,
  container: Container,
  options: ExecOptions,
  signal?: AbortSignal,
): Promise<ExecSession> {
  const directory = new ExecDirectory(container.bundle.exec(options.execId));
  directory.write(options);
  if (options.detached) return execDetached(context, container, directory, options);
  if (!options.terminal) return execAttached(context, container, directory, options, signal);
  if (isCrun(container.settings.runtime)) return execTerminal(context, container, directory, options, signal);
  return execHeldTerminal(context, container, directory, options);
}
