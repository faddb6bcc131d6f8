import type { HealthcheckConfig, ImageConfig } from '#engine/images';
import type { LogConfig } from '#engine/logs';
import type { EndpointOptions, PortBinding } from '#engine/networks';
import type { IdMap } from '#linux/ids';
import type { ProcessIdentity } from '#linux/process';
import type { ContainerLink } from './links.ts';

/** What the container runs: portable, comes from the image and the create call. */
export interface ContainerConfig {
  readonly hostname: string;
  readonly domainname: string;
  /** `user`, `uid`, `user:group`, `uid:gid`; empty = root. */
  readonly user: string;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly env: readonly string[];
  readonly cmd: readonly string[] | undefined;
  readonly entrypoint: readonly string[] | undefined;
  /** As the user typed it. */
  readonly image: string;
  /** `80/tcp` */
  readonly exposedPorts: readonly string[];
  /** Destinations of anonymous volumes. */
  readonly volumes: readonly string[];
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly healthcheck: HealthcheckConfig | undefined;
  readonly stopSignal: string | undefined;
  /** Seconds; undefined = 10. */
  readonly stopTimeout: number | undefined;
  readonly shell: readonly string[] | undefined;
  readonly onBuild: readonly string[] | undefined;
  readonly networkDisabled: boolean;
}

export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  readonly maximumRetryCount: number;
}

export interface MountSpec {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image';
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
  readonly consistency?: string;
  readonly bind?: {
    readonly propagation?: string;
    readonly nonRecursive?: boolean;
    readonly createMountpoint?: boolean;
    readonly readOnlyNonRecursive?: boolean;
    readonly readOnlyForceRecursive?: boolean;
  };
  readonly volume?: {
    readonly noCopy?: boolean;
    readonly labels?: Readonly<Record<string, string>>;
    readonly driver?: string;
    readonly driverOptions?: Readonly<Record<string, string>>;
    readonly subpath?: string;
  };
  readonly image?: { readonly subpath?: string };
  readonly tmpfs?: {
    readonly size?: number;
    readonly mode?: number;
    readonly options?: readonly (readonly string[])[];
  };
}

export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}
export interface DeviceMapping {
  readonly pathOnHost: string;
  readonly pathInContainer: string;
  readonly cgroupPermissions: string;
}
export interface ThrottleDevice {
  readonly path: string;
  readonly rate: number;
}

/** Limits that `update` may change on a live container. Bytes, counts; 0 = unset. */
export interface Resources {
  readonly memory: number;
  /** memory + swap; -1 unlimited. */
  readonly memorySwap: number;
  readonly memoryReservation: number;
  readonly memorySwappiness: number | undefined;
  readonly kernelMemory: number;
  /** Of TCP buffers, on cgroup v1. Absent in records of old. */
  readonly kernelMemoryTcp?: number;
  /** Billionths of a CPU. */
  readonly nanoCpus: number;
  readonly cpuShares: number;
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpuRealtimePeriod: number;
  readonly cpuRealtimeRuntime: number;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
  /** 0 or -1 = unlimited. */
  readonly pidsLimit: number | undefined;
  readonly blkioWeight: number;
  readonly blkioWeightDevices: readonly { readonly path: string; readonly weight: number }[];
  readonly blkioReadBps: readonly ThrottleDevice[];
  readonly blkioWriteBps: readonly ThrottleDevice[];
  readonly blkioReadIops: readonly ThrottleDevice[];
  readonly blkioWriteIops: readonly ThrottleDevice[];
  readonly oomKillDisable: boolean | undefined;
}

/** What of the host the container gets: not portable. */
export interface HostConfig {
  readonly resources: Resources;
  /** `-v` as typed: `source:target[:options]`. */
  readonly binds: readonly string[];
  readonly mounts: readonly MountSpec[];
  /** target -> options */
  readonly tmpfs: Readonly<Record<string, string>>;
  /** `name-or-id[:ro|rw]` */
  readonly volumesFrom: readonly string[];
  /** Of volumes that `-v` makes. Absent: not given. */
  readonly volumeDriver?: string;
  readonly portBindings: readonly PortBinding[];
  readonly publishAllPorts: boolean;
  /** default | bridge | none | host | container:<x> | <network> */
  readonly networkMode: string;
  readonly restartPolicy: RestartPolicy;
  readonly autoRemove: boolean;
  readonly logConfig: LogConfig;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged: boolean;
  readonly securityOpt: readonly string[];
  readonly readonlyRootfs: boolean;
  readonly devices: readonly DeviceMapping[];
  readonly deviceCgroupRules: readonly string[];
  readonly groupAdd: readonly string[];
  readonly ulimits: readonly Ulimit[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** Bytes; 0 = 64 MiB. */
  readonly shmSize: number;
  readonly init: boolean | undefined;
  /** '' | host | container:<x> */
  readonly pidMode: string;
  /** '' | private | shareable | host | none | container:<x> */
  readonly ipcMode: string;
  readonly utsMode: string;
  readonly usernsMode: string;
  /** '' | private | host */
  readonly cgroupnsMode: string;
  readonly cgroupParent: string;
  readonly runtime: string | undefined;
  readonly oomScoreAdj: number;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly extraHosts: readonly string[];
  readonly links: readonly string[];
  readonly maskedPaths: readonly string[] | undefined;
  readonly readonlyPaths: readonly string[] | undefined;
  readonly storageOptions: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the first process, of execs and probes; undefined: the runtime's. */
  readonly umask: number | undefined;
  /** Where `docker run --cidfile` pointed: shown by inspect only. */
  readonly containerIdFile: string;
  /** rows, columns of the terminal at create. */
  readonly consoleSize: readonly [number, number];
}

/** What a network should give this container: `--network name=...`, aliases, addresses. */
export type EndpointSpec = EndpointOptions;

export type Status = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export interface HealthState {
  readonly status: 'none' | 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  /** The last five probes. */
  readonly log: readonly {
    readonly start: string;
    readonly end: string;
    readonly exitCode: number;
    readonly output: string;
  }[];
}

export interface State {
  readonly status: Status;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  /** RFC 3339 with nanoseconds; NEVER when it has not happened. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly health: HealthState | undefined;
  /** Present while a process may exist; what adoption compares. */
  readonly process: ProcessIdentity | undefined;
  readonly conmonPid: number | undefined;
}

/** A mount in force, as inspect shows it. */
export interface MountPoint {
  readonly type: 'bind' | 'volume' | 'tmpfs' | 'image';
  /** Of a volume, or of an image as the user typed it. */
  readonly name?: string;
  /** Of an image: what the name meant when the container was created. */
  readonly imageId?: string;
  /** Host path ('' for tmpfs). */
  readonly source: string;
  readonly destination: string;
  readonly driver?: string;
  /** The option string (`z`, `ro,rslave`). */
  readonly mode: string;
  readonly readWrite: boolean;
  readonly propagation: string;
  readonly noCopy?: boolean;
  readonly anonymous?: boolean;
  /** Read-only alone, not what is mounted below it. */
  readonly readOnlyNonRecursive?: boolean;
  /** The `--mount` it came from; absent for `-v`, image volumes and volumes-from. Not shown by inspect. */
  readonly spec?: MountSpec;
}

/** An image in the making, without a Dockerfile: commands run in it one by one, and a commit is the image. */
export interface Working {
  /** Of the image it becomes. What a command is given for its run alone is not part of it. */
  readonly config: ImageConfig;
  /** Where commands had mounts, without leading slash: what was made there only to mount on is not the image's. */
  readonly mountPoints: readonly string[];
  /** The command that the next start runs, and no start without this word. */
  readonly ticket?: string;
}

/** A container as stored. Fields without a note are set at create and never change. */
export interface ContainerRecord {
  readonly id: string;
  /** Without the leading slash. Mutable (rename). */
  readonly name: string;
  /** Mutable. Its names before a rename that is under way: what goes by them may not have followed yet. */
  readonly formerNames?: readonly string[] | undefined;
  readonly created: string;
  /** `sha256:` id of the image config. */
  readonly imageId: string;
  /** Manifest the image had, for inspect; may be absent. */
  readonly imageManifest:
    | {
        readonly digest: string;
        readonly mediaType: string;
        readonly size: number;
        readonly platform?: {
          readonly os: string;
          readonly architecture: string;
          readonly variant?: string | undefined;
        };
      }
    | undefined;
  /** The image's operating system. */
  readonly platform: string;
  /** Chain ids, top first. */
  readonly layers: readonly string[];
  readonly config: ContainerConfig;
  /** Mutable (update: resources, restart policy). */
  readonly hostConfig: HostConfig;
  /** Mutable (connect, disconnect). Networks by name, in the order of the interfaces. */
  readonly endpoints: readonly EndpointSpec[];
  /** Legacy links to containers of the default network. Mutable (rm --link). */
  readonly links?: readonly ContainerLink[];
  /** argv[0] and the rest, after entrypoint and cmd are joined. */
  readonly path: string;
  readonly args: readonly string[];
  readonly mounts: readonly MountPoint[];
  /** Of its user namespace; absent: its users are the host's. */
  readonly idMap?: IdMap | undefined;
  readonly driver: string;
  readonly logPath: string;
  /** Mutable: the state machine (state.ts) alone makes it. */
  readonly state: State;
  /** Mutable. Restarts by policy since the last start by a user. */
  readonly restartCount: number;
  /** Mutable. A user stopped it: `unless-stopped` and `always` stay down until started again (always: until the daemon restarts). */
  readonly stoppedByUser: boolean;
  /** Mutable. Commands given with exec while it runs. */
  readonly execIds: readonly string[];
  /** Mutable. Limits that are being set: the kernel may have some of them before `hostConfig` does. */
  readonly limitsUnderWay?: Resources | undefined;
  /** A step of a build: the builder's alone. No list shows it, no event tells of it, and it does not outlive the daemon. */
  readonly purpose?: 'build';
  /** A working container. Mutable; with each command also config, hostConfig, endpoints, mounts, path and args. */
  readonly working?: Working;
}
