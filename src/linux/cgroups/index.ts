// CONTRACT
export type CgroupLayout = 'v1' | 'v2' | 'hybrid';
export declare function cgroupLayout(): CgroupLayout;
/** Controllers that limits can be set on here. */
export declare function controllers(): ReadonlySet<string>;
export interface CgroupStats {
  readonly cpu: {
    readonly usage: bigint;
    readonly user: bigint;
    readonly system: bigint;
    readonly perCpu?: readonly bigint[];
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledTime: bigint;
  };
  readonly memory: {
    readonly usage: number;
    readonly maxUsage?: number;
    readonly limit: number;
    readonly failcnt?: number;
    readonly stats: Readonly<Record<string, number>>;
  };
  readonly pids: { readonly current: number; readonly limit?: number };
  readonly blkio: {
    readonly ioServiceBytes: readonly BlkioEntry[];
    readonly ioServiced: readonly BlkioEntry[];
  };
}
export interface BlkioEntry {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
}
/** A container's cgroup in every hierarchy, by its path below the root (`/berth/<id>`). */
export declare class Cgroup {
  readonly path: string;
  constructor(path: string);
  exists(): boolean;
  /** Times in nanoseconds, memory in bytes; the same shape on v1 and v2. */
  stats(): Promise<CgroupStats>;
  processes(): Promise<number[]>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Times the OOM killer hit this cgroup. */
  oomKills(): Promise<number>;
  /** rmdir in every hierarchy; missing ones are fine. Kills what is left when asked (cgroup.kill or SIGKILL to each). */
  remove(options?: { kill?: boolean }): Promise<void>;
}
