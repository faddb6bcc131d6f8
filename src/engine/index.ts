// CONTRACT: the engine as a library. `import { Engine } from 'berth'`.

import type { Containers, Ulimit } from '#engine/containers';
import type { Events } from '#engine/events';
import type { Images } from '#engine/images';
import type { LogConfig } from '#engine/logs';
import type { Networks } from '#engine/networks';
import type { Snapshots } from '#engine/snapshots';
import type { SystemInfo } from '#engine/system';
import type { Volumes } from '#engine/volumes';
import type { Logger } from '#lib/log';

export interface EngineOptions {
  /** Default /var/lib/berth. */
  readonly dataRoot: string;
  /** Default /run/berth; gone at reboot. */
  readonly execRoot: string;
  readonly log: Logger;
  /** Ready-made network sandboxes. Default 4. */
  readonly sandboxPool?: number;
  readonly bip?: string;
  readonly bridge?: string;
  readonly mtu?: number;
  readonly ipv6Subnet?: string;
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
  readonly runtimes?: readonly { name: string; path: string; args: readonly string[] }[];
  readonly defaultRuntime?: string;
  readonly cgroupDriver?: 'cgroupfs' | 'systemd';
  readonly cgroupParent?: string;
  readonly logConfig?: LogConfig;
  readonly insecureRegistries?: readonly string[];
  readonly registryMirrors?: readonly string[];
  readonly maxConcurrentDownloads?: number;
  readonly defaultUlimits?: readonly Ulimit[];
  readonly defaultShmSize?: number;
  readonly init?: boolean;
  readonly initPath?: string;
  readonly noNewPrivileges?: boolean;
  readonly seccompProfile?: string;
  /** Containers run on when the engine closes. Default true. */
  readonly liveRestore?: boolean;
  /** Seconds given to containers when the engine closes and liveRestore is off. Default 15. */
  readonly shutdownTimeout?: number;
  readonly labels?: readonly string[];
}
export interface DiskUsage {
  readonly layersSize: number;
  readonly images: readonly { id: string; size: number; shared: number; containers: number }[];
  readonly containers: readonly { id: string; sizeRw: number; sizeRootFs: number }[];
  readonly volumes: readonly { name: string; size: number; users: number }[];
}
export declare class Engine implements AsyncDisposable {
  /** Locks the roots, opens every domain, recovers what ran. @throws conflict when another daemon has these roots */
  static open(options: EngineOptions): Promise<Engine>;
  readonly options: EngineOptions;
  /** `berth`, or `berth-<hash of the data root>` for other roots: names bridge, table, cgroup. */
  readonly instance: string;
  readonly id: string;
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly events: Events;
  readonly snapshots: Snapshots;
  info(): Promise<SystemInfo>;
  diskUsage(): Promise<DiskUsage>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
