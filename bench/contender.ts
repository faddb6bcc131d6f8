/** A column of the table. */
export type Contender = EngineContender | FloorContender;

/** An engine and a command line to it, in roots and namespaces of its own. */
export interface EngineContender extends AsyncDisposable {
  readonly kind: 'engine';
  /** Head of its column. */
  readonly name: string;
  /** The command that people type, up to the verb: `['docker', '-H', ...]`. */
  readonly command: readonly string[];
  /** Flags that `run` needs on this host, beside what is measured. */
  readonly runFlags: readonly string[];
  /** The same for `build`. */
  readonly buildFlags: readonly string[];
  /** Absent where another column stands for the same engine, with another command line. */
  readonly engine?: EngineItself;
}

/** What has nothing to do with a command line. */
export interface EngineItself {
  /** Of the Engine API. */
  readonly socket: string;
  /** What `runFlags` are to the command line. */
  readonly hostConfig: object;
  /** Matches the command lines of its own processes. */
  readonly processes: RegExp;
  /** The network namespace that is its host's: `/proc/<pid>/ns/net`. */
  readonly network: string;
  /** Process ids of its daemons; none where there is no daemon. */
  readonly daemons: () => readonly number[];
}

/** What no engine can undercut: the same work done by bare `crun`, `tar` and a pipe. */
export interface FloorContender extends AsyncDisposable {
  readonly kind: 'floor';
  readonly name: string;
  /** `crun run` of `true`, in so many loops at a time; `count` in all. */
  runs(count: number, loops: number): readonly string[];
  /** `crun exec` of `true`, one after the other. */
  execs(count: number): readonly string[];
  /** Writes so many bytes of lines to a pipe, whose reader writes them to a file. */
  lines(bytes: number): readonly string[];
  /** Unpacks a tar. */
  unpack(tar: string): readonly string[];
  /** Removes what `unpack` made. */
  discard(): readonly string[];
}
