// CONTRACT
export interface LogConfig {
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}
export interface LogEntry {
  readonly stream: 'stdout' | 'stderr' /** nanoseconds */;
  readonly time: bigint /** newline included unless the record was partial */;
  readonly line: Buffer;
}
export interface ReadOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly since?: bigint;
  readonly until?: bigint;
  readonly tail?: number;
  readonly follow: boolean;
}
/** Checks driver and options at create. @throws invalid naming the option, with Docker's text for an unknown driver. */
export declare function validateLogConfig(config: LogConfig): void;
/** conmon's `-l` arguments for a container's log and the file it writes (CRI format: `time stream P|F text`). Undefined path for driver none. */
export declare function conmonLogArguments(
  config: LogConfig,
  path: string,
): { readonly arguments: readonly string[]; readonly path: string | undefined };
/** Reads rotated files oldest first, then the live one; follows by watching, across rotations; ends when `ended` aborts and all is read. tail reads backwards from the end: cost follows the lines asked for. */
export declare function readLogs(
  path: string,
  options: ReadOptions,
  ended: AbortSignal,
  signal: AbortSignal,
): AsyncIterable<LogEntry>;
/** Rotates logs past max-size (default 20m x 5, compressed when asked): renames and tells conmon to reopen (ctl FIFO, `2 0 0`). Watches all running containers with one timer. */
export declare class LogRotation implements Disposable {
  constructor(log: import('#lib/log').Logger);
  add(containerId: string, logPath: string, controlFifo: string, config: LogConfig): void;
  remove(containerId: string): void;
  [Symbol.dispose](): void;
}
export declare function removeLogs(path: string): Promise<void>;
