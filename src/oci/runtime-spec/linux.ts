import type { Resources } from './resources.ts';
import type { Seccomp } from './seccomp.ts';
import type { IdMapping } from './spec.ts';

/** The `linux` section (runtime-spec, config-linux.md). */
export interface Linux {
  readonly namespaces?: readonly Namespace[] | undefined;
  readonly uidMappings?: readonly IdMapping[] | undefined;
  readonly gidMappings?: readonly IdMapping[] | undefined;
  readonly devices?: readonly Device[] | undefined;
  readonly netDevices?: Readonly<Record<string, { readonly name?: string | undefined }>> | undefined;
  readonly cgroupsPath?: string | undefined;
  readonly resources?: Resources | undefined;
  readonly rootfsPropagation?:
    | 'shared'
    | 'slave'
    | 'private'
    | 'unbindable'
    | 'rshared'
    | 'rslave'
    | 'rprivate'
    | undefined;
  readonly seccomp?: Seccomp | undefined;
  readonly sysctl?: Readonly<Record<string, string>> | undefined;
  readonly maskedPaths?: readonly string[] | undefined;
  readonly readonlyPaths?: readonly string[] | undefined;
  readonly mountLabel?: string | undefined;
  readonly intelRdt?: IntelRdt | undefined;
  readonly personality?:
    | { readonly domain: 'LINUX' | 'LINUX32'; readonly flags?: readonly string[] | undefined }
    | undefined;
  /** Seconds and nanoseconds added to a clock. */
  readonly timeOffsets?:
    | Readonly<
        Partial<Record<'monotonic' | 'boottime', { readonly secs?: number; readonly nanosecs?: number }>>
      >
    | undefined;
}

export type NamespaceType = 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup' | 'time';

export interface Namespace {
  readonly type: NamespaceType;
  /** An existing namespace to join; absent: a new one. */
  readonly path?: string | undefined;
}

/** A device node made in the container. */
export interface Device {
  /** c and u: character, b: block, p: FIFO. */
  readonly type: 'c' | 'b' | 'u' | 'p';
  readonly path: string;
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  readonly fileMode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

export interface IntelRdt {
  readonly closID?: string | undefined;
  readonly l3CacheSchema?: string | undefined;
  readonly memBwSchema?: string | undefined;
}
