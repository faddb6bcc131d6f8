// CONTRACT
/** Facts about the host and the engine for info/version, and disk usage by type. */
export interface SystemInfo {
  readonly id: string;
  readonly name: string;
  readonly kernel: string;
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly memory: number;
  readonly cgroupVersion: '1' | '2';
  readonly cgroupDriver: 'cgroupfs' | 'systemd';
  readonly memoryLimit: boolean;
  readonly swapLimit: boolean;
  readonly cpuCfs: boolean;
  readonly cpuShares: boolean;
  readonly cpuSet: boolean;
  readonly pidsLimit: boolean;
  readonly oomKillDisable: boolean;
  readonly ipv4Forwarding: boolean;
  readonly securityOptions: readonly string[];
  readonly runtimeVersions: Readonly<Record<string, string>>;
  readonly initBinary: string;
  readonly warnings: readonly string[];
}
export declare function systemInfo(options: {
  dataRoot: string;
  runtimes: readonly { name: string; path: string }[];
  seccomp: boolean;
}): Promise<SystemInfo>;
