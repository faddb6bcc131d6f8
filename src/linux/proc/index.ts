// CONTRACT
export interface ProcStat {
  readonly pid: number;
  readonly command: string;
  readonly state: string;
  readonly parent: number;
  readonly startTime: string;
}
/** /proc/PID/stat; undefined when the process is gone. */
export declare function readStat(pid: number): ProcStat | undefined;
/** Host's total CPU time in nanoseconds and online CPUs (/proc/stat), for docker stats. */
export declare function systemCpu(): { readonly total: bigint; readonly online: number };
export interface HostInfo {
  readonly kernel: string;
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly memory: number;
  readonly hostname: string;
}
export declare function hostInfo(): HostInfo;
/** CapEff of a process as names without CAP_, e.g. of ourselves: what we can give away. */
export declare function capabilities(pid?: number): ReadonlySet<string>;
/** prlimit of ourselves: which limits we may raise to. */
export declare function hardLimit(name: string): number;
