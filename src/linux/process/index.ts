// CONTRACT
export interface SpawnOptions {
  readonly path: string;
  /** argv[0] included. */
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** child descriptor -> ours. 0-2 default to /dev/null. Nothing else is inherited. */
  readonly fds?: Readonly<Record<number, number>>;
  readonly cwd?: string;
}
/**
 * Starts programs by posix_spawn(3) (vfork: cheap whatever our heap), in a session of their own.
 * On a hybrid cgroup host the work is done by a worker thread whose mount namespace hides
 * /sys/fs/cgroup/unified from crun; elsewhere by the calling thread.
 */
export interface Spawner extends AsyncDisposable {
  /** True when programs run in the worker's mount namespace; bind sources must then be staged below a shared mount. */
  readonly isolated: boolean;
  spawn(options: SpawnOptions): Promise<number>;
  /** Removes a tree as seen from the spawner's mount namespace (left-over cgroup directories). */
  removeTree(path: string): Promise<void>;
}
/** Looks at /sys/fs/cgroup and picks. Call after the data root is shared (`shareMount`). */
export declare function openSpawner(): Promise<Spawner>;
/** pipe2(O_CLOEXEC). */
export declare function pipe(): { read: number; write: number };
/**
 * Reads a descriptor that is a pipe until its end (bounded by `limit` bytes), then closes it.
 */
export declare function readAll(fd: number, limit?: number): Promise<Buffer>;
/** First line of a pipe (or all of it when it ends before), then closes it. */
export declare function readLine(fd: number, signal?: AbortSignal): Promise<string>;
/** waitpid(WNOHANG): exit status if the child ended. `code` is 128+signal for a signal. undefined: still running or not ours. */
export declare function tryWait(pid: number): { code: number; signal?: number } | undefined;
/** Resolves when the child has ended: a pipe it holds reports the end, then waitpid. */
export interface RunResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}
/** Spawns, collects (bounded) output, waits. For short commands such as `crun delete`. */
export declare function run(
  spawner: Spawner,
  options: SpawnOptions & { input?: Buffer; limit?: number },
): Promise<RunResult>;
/** A process that cannot be confused with a later one of the same pid: pid + start time + boot id, held by a pidfd. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
}
export declare class ProcessHandle implements Disposable {
  readonly identity: ProcessIdentity;
  /** Opens a running process; undefined when it is gone or (with `expected`) another one has its pid. */
  static open(pid: number, expected?: ProcessIdentity): ProcessHandle | undefined;
  /** pidfd_send_signal(2). False when the process is gone. */
  signal(signal: number): boolean;
  isAlive(): boolean;
  /** Resolves at the end of the process, with its wait status where the kernel tells it to a non-parent (PIDFD_GET_INFO, >= 6.15). */
  exited(signal?: AbortSignal): Promise<{ code: number } | undefined>;
  [Symbol.dispose](): void;
}
export declare function bootId(): string;
/** `SIGTERM`, `TERM`, `term`, `15`, `RTMIN+3` -> number. @throws invalid */
export declare function signalNumber(name: string): number;
/** 15 -> `TERM`. */
export declare function signalName(number: number): string;
