import type { Linux } from './linux.ts';

/** `config.json` of an OCI bundle (runtime-spec, config.md), as far as the engine fills it for Linux. */
export interface Spec {
  readonly ociVersion: string;
  readonly process?: Process | undefined;
  readonly root?: Root | undefined;
  readonly hostname?: string | undefined;
  readonly domainname?: string | undefined;
  readonly mounts?: readonly Mount[] | undefined;
  readonly hooks?: Hooks | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly linux?: Linux | undefined;
}

/** What is run first, and what `exec` runs (the `--process` file of the runtime). */
export interface Process {
  readonly terminal?: boolean | undefined;
  readonly consoleSize?: { readonly height: number; readonly width: number } | undefined;
  readonly user: User;
  readonly args: readonly string[];
  /** `NAME=value` */
  readonly env?: readonly string[] | undefined;
  /** Absolute, inside the container. */
  readonly cwd: string;
  readonly capabilities?: Capabilities | undefined;
  readonly rlimits?: readonly Rlimit[] | undefined;
  readonly noNewPrivileges?: boolean | undefined;
  readonly apparmorProfile?: string | undefined;
  readonly selinuxLabel?: string | undefined;
  readonly oomScoreAdj?: number | undefined;
  readonly scheduler?: Scheduler | undefined;
  readonly ioPriority?: { readonly class: IoPriorityClass; readonly priority: number } | undefined;
  readonly execCPUAffinity?:
    | { readonly initial?: string | undefined; readonly final?: string | undefined }
    | undefined;
}

export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly umask?: number | undefined;
  readonly additionalGids?: readonly number[] | undefined;
}

/** Names as in capabilities(7): `CAP_NET_BIND_SERVICE`. */
export interface Capabilities {
  readonly bounding?: readonly string[] | undefined;
  readonly effective?: readonly string[] | undefined;
  readonly inheritable?: readonly string[] | undefined;
  readonly permitted?: readonly string[] | undefined;
  readonly ambient?: readonly string[] | undefined;
}

export interface Rlimit {
  /** `RLIMIT_NOFILE` and so on. */
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

export interface Scheduler {
  readonly policy:
    | 'SCHED_OTHER'
    | 'SCHED_FIFO'
    | 'SCHED_RR'
    | 'SCHED_BATCH'
    | 'SCHED_ISO'
    | 'SCHED_IDLE'
    | 'SCHED_DEADLINE';
  readonly nice?: number | undefined;
  readonly priority?: number | undefined;
  readonly flags?: readonly string[] | undefined;
  /** Nanoseconds. */
  readonly runtime?: number | undefined;
  readonly deadline?: number | undefined;
  readonly period?: number | undefined;
}

export type IoPriorityClass = 'IOPRIO_CLASS_RT' | 'IOPRIO_CLASS_BE' | 'IOPRIO_CLASS_IDLE';

export interface Root {
  readonly path: string;
  readonly readonly?: boolean | undefined;
}

export interface Mount {
  /** Absolute, inside the container. */
  readonly destination: string;
  readonly type?: string | undefined;
  readonly source?: string | undefined;
  /** Options of mount(8), with `rbind`, `rslave`, `tmpcopyup` and the like. */
  readonly options?: readonly string[] | undefined;
  readonly uidMappings?: readonly IdMapping[] | undefined;
  readonly gidMappings?: readonly IdMapping[] | undefined;
}

export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface Hook {
  readonly path: string;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  /** Seconds. */
  readonly timeout?: number | undefined;
}

export interface Hooks {
  readonly createRuntime?: readonly Hook[] | undefined;
  readonly createContainer?: readonly Hook[] | undefined;
  readonly startContainer?: readonly Hook[] | undefined;
  readonly poststart?: readonly Hook[] | undefined;
  readonly poststop?: readonly Hook[] | undefined;
}

/** What the runtime prints for `state`, and hands to hooks. */
export interface State {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: 'creating' | 'created' | 'running' | 'stopped';
  readonly pid?: number | undefined;
  readonly bundle: string;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}
