import type { Ulimit } from '#engine/containers';
import type { LogConfig } from '#engine/logs';
import type { RuntimeBinary } from '#engine/runtime';
import type { Logger } from '#lib/log';
import { isExecutable } from '#linux/process';

export interface EngineOptions {
  /** Default of the daemon: /var/lib/berth. */
  readonly dataRoot: string;
  /** Default of the daemon: /run/berth; gone at reboot. */
  readonly execRoot: string;
  /** Default: nothing is logged. */
  readonly log?: Logger;
  /** Ready-made network sandboxes. Default 4. */
  readonly sandboxPool?: number;
  readonly bip?: string;
  readonly bridge?: string;
  readonly mtu?: number;
  readonly ipv6Subnet?: string;
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
  /** Beside crun, and runc where it is installed. */
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

const RUNC = ['/usr/bin/runc', '/usr/sbin/runc', '/usr/local/bin/runc', '/usr/local/sbin/runc'];
const INITS = [
  '/usr/bin/catatonit',
  '/usr/libexec/podman/catatonit',
  '/usr/bin/docker-init',
  '/usr/bin/tini',
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
