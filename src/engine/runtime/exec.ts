import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Process } from '#oci/runtime-spec';
import { isCrun } from './binary.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { execAttached } from './exec-attached.ts';
import { execDetached } from './exec-detached.ts';
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

/** The files of one exec, below the bundle. */
export class ExecDirectory {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  get process(): string {
    return join(this.path, 'process.json');
  }
  get runtimeLog(): string {
    return join(this.path, 'runtime.log');
  }
  get pid(): string {
    return join(this.path, 'pidfile');
  }
  get attachSocket(): string {
    return join(this.path, 'attach');
  }
  get control(): string {
    return join(this.path, 'ctl');
  }
  get conmonPid(): string {
    return join(this.path, 'conmon.pid');
  }
  write(options: ExecOptions): void {
    const [height, width] = options.size ?? [];
    const size = height && width ? { consoleSize: { height, width } } : {};
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    writeFileSync(this.process, JSON.stringify({ ...options.process, ...size, terminal: options.terminal }), {
      mode: 0o600,
    });
  }
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
