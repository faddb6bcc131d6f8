import type { CachePolicy } from '#engine/build';
import type { Ulimit } from '#engine/containers';
import type { PublishPolicy } from '#engine/firewall';
import { DEFAULT_REGISTRIES, type RegistrySettings } from '#engine/images';
import type { LogConfig } from '#engine/logs';
import type { OutsidePorts } from '#engine/ports';
import type { RuntimeBinary } from '#engine/runtime';
import type { SnapshotsOptions } from '#engine/snapshots';
import type { Logger } from '#lib/log';
import { isExecutable } from '#linux/process';

/** Those that `Engine.configure` may change. */
export const LIVE_OPTIONS = [
  'defaultRuntime',
  'features',
  'insecureRegistries',
  'labels',
  'liveRestore',
  'maxConcurrentDownloads',
  'maxConcurrentUploads',
  'maxDownloadAttempts',
  'registryMirrors',
  'runtimes',
  'shutdownTimeout',
] as const satisfies readonly (keyof EngineOptions)[];

export type LiveOptions = Pick<EngineOptions, (typeof LIVE_OPTIONS)[number]>;

/** What the engine has of the world outside its user namespace. */
export interface RootlessOptions {
  readonly ports: OutsidePorts;
}

export interface EngineOptions {
  /** Default of the daemon: /var/lib/berth. */
  readonly dataRoot: string;
  /** Default of the daemon: /run/berth; gone at reboot. */
  readonly execRoot: string;
  /** Default: nothing is logged. */
  readonly log?: Logger;
  /** Ready-made network sandboxes. Default 4. */
  readonly sandboxPool?: number;
  /** Address and prefix of the default bridge. */
  readonly bip?: string;
  readonly bip6?: string;
  readonly bridge?: string;
  readonly mtu?: number;
  /** IPv6 on the default bridge. Default: where the host has it. */
  readonly ipv6?: boolean;
  readonly ipv6Subnet?: string;
  /** The part of the default bridge's subnet that containers get addresses from. */
  readonly fixedCidr?: string;
  readonly defaultGateway?: string;
  readonly defaultGateway6?: string;
  /** Where networks without a subnet get theirs: `size` is the prefix length. Default: Docker's pools. */
  readonly addressPools?: readonly { readonly base: string; readonly size: number }[];
  /** Options of new networks, by driver. */
  readonly networkOptions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Containers of the default bridge may talk to each other. Default true. */
  readonly icc?: boolean;
  /** Default true. */
  readonly ipForward?: boolean;
  /** Default true. */
  readonly ipMasquerade?: boolean;
  /** Where ports are published when no address is named. Default: everywhere. */
  readonly publishAddress?: string;
  /** Default `host-firewall`. */
  readonly publishPolicy?: PublishPolicy;
  /** What `host-gateway` in extra hosts stands for. Default: the default bridge's addresses. */
  readonly hostGateways?: readonly string[];
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
  /** Beside crun, and runc where it is installed. */
  readonly runtimes?: readonly { name: string; path: string; args: readonly string[] }[];
  readonly defaultRuntime?: string;
  /** `none`: containers have no cgroups, so no limits. */
  readonly cgroupDriver?: 'cgroupfs' | 'systemd' | 'none';
  readonly cgroupParent?: string;
  readonly logConfig?: LogConfig;
  readonly insecureRegistries?: readonly string[];
  readonly registryMirrors?: readonly string[];
  /** Default 3. */
  readonly maxConcurrentDownloads?: number;
  /** Default 5. */
  readonly maxConcurrentUploads?: number;
  /** Of each download. Default 5. */
  readonly maxDownloadAttempts?: number;
  /** URLs for http:// and https:// registries, and the hosts that are reached without. Default: none. */
  readonly proxies?: { readonly http: string; readonly https: string; readonly none: string };
  /** Directories with `<registry>/hosts.toml` or `<registry>/*.crt` of how registries are reached; the first that has something counts. Default: none. */
  readonly registryDirectories?: readonly string[];
  /** What layers become on disk: EROFS images, directories, or (`auto`) images where they can be mounted. Default: `auto`. */
  readonly layerForm?: SnapshotsOptions['layerForm'];
  /** What of the build cache goes by itself. Default: more than a tenth of the disk, unused for two months. */
  readonly buildCachePolicy?: Partial<CachePolicy>;
  readonly defaultCgroupnsMode?: 'host' | 'private';
  readonly defaultIpcMode?: 'shareable' | 'private';
  readonly defaultUlimits?: readonly Ulimit[];
  readonly defaultShmSize?: number;
  readonly init?: boolean;
  readonly initPath?: string;
  readonly noNewPrivileges?: boolean;
  readonly seccompProfile?: string;
  /** `user`, `user:group`, ids, or `default`: whose subordinate ids containers run with. */
  readonly usernsRemap?: string;
  /** Containers run on when the engine closes. Default true. */
  readonly liveRestore?: boolean;
  /**
   * When the engine closes and liveRestore is off, containers that do not stop are given up after so many seconds, and not
   * before their own stop timeouts; -1: never. Default 15.
   */
  readonly shutdownTimeout?: number;
  /** The engine is an ordinary user's, in a user namespace that `berthd --rootless` made. */
  readonly rootless?: RootlessOptions;
  readonly labels?: readonly string[];
  readonly features?: Readonly<Record<string, boolean>>;
}

const RUNC = ['/usr/bin/runc', '/usr/sbin/runc', '/usr/local/bin/runc', '/usr/local/sbin/runc'];
/**
 * Static ones: they run in any image. tini, which is Docker's, ends with 127 or 126 as a shell does when there is no
 * such command; catatonit always with 1.
 */
const INITS = [
  '/usr/bin/docker-init',
  '/usr/libexec/docker/docker-init',
  '/usr/bin/tini-static',
  '/usr/bin/catatonit',
  '/usr/libexec/podman/catatonit',
];

/** The runtimes that containers may ask for; one that is configured under a known name replaces it. */
export function runtimesOf({ runtimes = [] }: EngineOptions): RuntimeBinary[] {
  const runc = RUNC.find(isExecutable);
  const byName = new Map<string, RuntimeBinary>([['crun', { name: 'crun', path: 'crun', args: [] }]]);
  if (runc) byName.set('runc', { name: 'runc', path: runc, args: [] });
  for (const runtime of runtimes) byName.set(runtime.name, runtime);
  return [...byName.values()];
}

/** What `--init` runs as the container's first process; undefined: there is none on this host. */
export const initPathOf = ({ initPath }: EngineOptions): string | undefined =>
  initPath ?? INITS.find(isExecutable);

/** Containers': what of the options may change. */
export const liveSettingsOf = ({ defaultRuntime = 'crun', shutdownTimeout = 15 }: EngineOptions) => ({
  defaultRuntime,
  shutdownTimeout,
});

/** How registries are reached, with Docker's defaults. */
export const registrySettingsOf = (options: EngineOptions): RegistrySettings => ({
  insecureRegistries: options.insecureRegistries ?? [],
  registryMirrors: options.registryMirrors ?? [],
  maxConcurrentDownloads: options.maxConcurrentDownloads ?? DEFAULT_REGISTRIES.maxConcurrentDownloads,
  maxConcurrentUploads: options.maxConcurrentUploads ?? DEFAULT_REGISTRIES.maxConcurrentUploads,
  maxDownloadAttempts: options.maxDownloadAttempts ?? DEFAULT_REGISTRIES.maxDownloadAttempts,
  proxies: options.proxies,
  directories: options.registryDirectories ?? [],
});

const NETWORK_SETTINGS = [
  'bip',
  'bip6',
  'bridge',
  'mtu',
  'ipv6',
  'ipv6Subnet',
  'fixedCidr',
  'defaultGateway',
  'defaultGateway6',
  'addressPools',
  'networkOptions',
  'icc',
  'ipForward',
  'ipMasquerade',
  'publishAddress',
  'publishPolicy',
  'hostGateways',
] as const satisfies readonly (keyof EngineOptions)[];

/** What was said of networks; what was not is left out. */
export const networkSettingsOf = (
  options: EngineOptions,
): Pick<EngineOptions, (typeof NETWORK_SETTINGS)[number]> =>
  Object.fromEntries(
    NETWORK_SETTINGS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
