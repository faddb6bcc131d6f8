// CONTRACT: an OCI runtime (crun by default) held by conmon. Knows bundles and processes, nothing of Docker.
import type { Duplex } from 'node:stream';
import type { Logger } from '#lib/log';
import type { ProcessIdentity } from '#linux/process';
import type { Spec, Process as SpecProcess } from '#oci/runtime-spec';

export interface RuntimeBinary {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
}
export interface RuntimesOptions {
  /** exec root: `<root>/bundles/<id>`, `<root>/exits`, `<root>/runtime` (crun's --root). */
  readonly root: string;
  readonly runtimes: readonly RuntimeBinary[];
  readonly defaultRuntime: string;
  readonly systemdCgroup: boolean;
  readonly log: Logger;
}
export interface CreateOptions {
  readonly id: string;
  readonly name: string;
  /** A runtime's name; undefined = default. @throws invalid `unknown or invalid runtime name: x` */
  readonly runtime?: string;
  readonly spec: Spec;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  /** stdin closes when the first attached client goes (docker's StdinOnce). */
  readonly stdinOnce: boolean;
  /** conmon's -l and --log-* arguments. */
  readonly logArguments: readonly string[];
}
export interface Running {
  readonly identity: ProcessIdentity;
  readonly conmonPid: number;
}
export interface ExitStatus {
  readonly code: number;
  readonly oomKilled: boolean;
  readonly time: bigint;
}
/** stdout/stderr records of one attached client; writing is stdin, `end()` closes it. */
export type AttachStream = Duplex;
export interface ExecOptions {
  readonly containerId: string;
  readonly execId: string;
  readonly process: SpecProcess;
  readonly terminal: boolean;
  readonly stdin: boolean /** rows, columns */;
  readonly size?: readonly [number, number] /** nobody will attach: runs on without the daemon */;
  readonly detached: boolean;
}
export interface ExecSession {
  readonly pid: number;
  /** Only for terminals the output is raw; otherwise records framed as {stream, data}. */
  readonly stdin: import('node:stream').Writable | undefined;
  readonly stdout: import('node:stream').Readable | undefined;
  readonly stderr: import('node:stream').Readable | undefined;
  resize(rows: number, columns: number): Promise<void>;
  readonly exited: Promise<number>;
}
export declare class Runtimes {
  static open(options: RuntimesOptions): Promise<Runtimes>;
  names(): readonly string[];
  has(name: string): boolean;
  /** Host mounts made after start are invisible to an isolated spawner: bind sources go through here, which stages them where needed and returns the path to put in the spec. */
  stage(id: string, source: string): string;
  /** Writes the bundle, spawns conmon + `create`; resolves when the runtime answered. A failure has the runtime's own message parsed (see `RuntimeError`) and leaves nothing. */
  create(options: CreateOptions, signal?: AbortSignal): Promise<Running>;
  /** Starts the created process (exec.fifo). */
  start(id: string): Promise<void>;
  /** Found again after a restart of the daemon: what the bundle on disk says. */
  adopt(
    id: string,
    expected: ProcessIdentity | undefined,
  ): { state: 'created' | 'running' | 'exited' | 'gone'; identity?: ProcessIdentity; exit?: ExitStatus };
  bundles(): string[];
  attach(id: string): AttachStream;
  resize(id: string, rows: number, columns: number): Promise<void>;
  signal(id: string, signal: number): Promise<boolean>;
  /** To every process of the container (cgroup), e.g. after init died. */
  killAll(id: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** The container's init ended: resolves with its exit status, from conmon's exit file or, if conmon died, the pidfd. */
  exited(id: string): Promise<ExitStatus>;
  /** Removes the runtime's state, cgroups, bundle, exit file, staged binds; missing is fine. */
  delete(id: string): Promise<void>;
  exec(options: ExecOptions, signal?: AbortSignal): Promise<ExecSession>;
  /** `runtime update` of live limits. */
  update(id: string, resources: object): Promise<void>;
  pids(id: string): Promise<number[]>;
  cgroupPath(id: string): string;
  close(): Promise<void>;
}
/** The runtime refused: `reason` tells Docker's exit codes apart. */
export declare class RuntimeError extends Error {
  readonly reason: 'executable-not-found' | 'executable-not-permitted' | 'other';
}
