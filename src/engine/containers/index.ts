// CONTRACT
import type { Duplex, Readable } from 'node:stream';
import type { Events } from '#engine/events';
import type { Image, Images } from '#engine/images';
import type { LogEntry, LogRotation, ReadOptions } from '#engine/logs';
import type { Networks, Sandbox } from '#engine/networks';
import type { Runtimes } from '#engine/runtime';
import type { Seccomp } from '#engine/security';
import type { Change, Snapshots } from '#engine/snapshots';
import type { Volumes } from '#engine/volumes';
import type { Logger } from '#lib/log';
import type { CgroupStats } from '#linux/cgroups';
import type { Database } from '#store';
import type {
  ContainerConfig,
  ContainerRecord,
  EndpointSpec,
  HostConfig,
  Resources,
  RestartPolicy,
  Ulimit,
} from './record.ts';

export type * from './record.ts';

export interface ContainersOptions {
  readonly database: Database;
  readonly events: Events;
  readonly images: Images;
  readonly snapshots: Snapshots;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly runtimes: Runtimes;
  readonly seccomp: Seccomp;
  readonly rotation: LogRotation;
  readonly log: Logger;
  /** `<data-root>/containers`: logs, hosts, resolv.conf per container. */
  readonly root: string;
  readonly cgroupParent: string;
  readonly initPath: string | undefined;
  readonly defaultUlimits: readonly Ulimit[];
  readonly defaultShmSize: number;
  readonly defaultInit: boolean;
  readonly defaultNoNewPrivileges: boolean;
  readonly logConfig: import('#engine/logs').LogConfig;
  readonly shutdownTimeout: number;
}
export interface CreateRequest {
  readonly name?: string;
  readonly platform?: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: readonly EndpointSpec[];
}
export interface AttachRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly logs: boolean;
  readonly stream: boolean;
}
/** Output of an attach: records by stream (one stream, raw, with a tty). */
export interface Attachment extends AsyncDisposable {
  readonly tty: boolean;
  /** Emits {stream: 'stdout'|'stderr', data: Buffer}; ends when the container ends or the client detaches. Object mode, back-pressured. */
  readonly output: Readable;
  /** Writing is the container's stdin, `end()` its end of file; undefined when stdin was not asked for or is not open. */
  readonly stdin: import('node:stream').Writable | undefined;
}
export interface ExecConfig {
  readonly cmd: readonly string[];
  readonly tty: boolean;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly privileged: boolean;
  readonly detachKeys?: string;
  readonly consoleSize?: readonly [number, number];
}
export interface ExecRecord {
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  readonly running: boolean;
  readonly exitCode: number | undefined;
  readonly pid: number;
  readonly canRemove: boolean;
}
/** An exec that runs, with its streams; `output` as in Attachment. */
export interface ExecSessionView extends AsyncDisposable {
  readonly tty: boolean;
  readonly output: Readable;
  readonly stdin: import('node:stream').Writable | undefined;
  readonly exited: Promise<number>;
}
export interface PathStat {
  readonly name: string;
  readonly size: number /** Go's os.FileMode bits */;
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
}
export interface ContainerStats {
  readonly id: string;
  readonly name: string;
  readonly read: string;
  readonly cgroup: CgroupStats | undefined;
  readonly systemCpu: { readonly total: bigint; readonly online: number };
  readonly memoryLimit: number;
  readonly networks: Awaited<ReturnType<Networks['statistics']>>;
}
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';
export interface ListItem {
  readonly record: ContainerRecord;
  readonly sandbox: Sandbox | undefined;
  readonly size?: { readonly rw: number; readonly rootFs: number };
}

/** Containers of this engine. References are names, ids or unambiguous id prefixes. */
export declare class Containers {
  /** Opens the records; call `recover` before serving. */
  static open(options: ContainersOptions): Promise<Containers>;
  /** After a start of the daemon: adopts what runs, settles what ended or was half done, sweeps what nobody owns, applies restart policies. */
  recover(): Promise<void>;

  create(request: CreateRequest, signal?: AbortSignal): Promise<{ id: string; warnings: string[] }>;
  /** @throws notModified when it runs already */
  start(reference: string): Promise<void>;
  stop(reference: string, options?: { signal?: string; timeout?: number }): Promise<void>;
  restart(reference: string, options?: { signal?: string; timeout?: number }): Promise<void>;
  kill(reference: string, signal?: string): Promise<void>;
  pause(reference: string): Promise<void>;
  unpause(reference: string): Promise<void>;
  rename(reference: string, name: string): Promise<void>;
  update(
    reference: string,
    changes: { resources: Partial<Resources>; restartPolicy?: RestartPolicy },
  ): Promise<{ warnings: string[] }>;
  remove(reference: string, options?: { force?: boolean; volumes?: boolean; link?: boolean }): Promise<void>;
  prune(options: {
    until?: bigint;
    matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean;
  }): Promise<{ removed: string[]; reclaimed: number }>;
  /** Resolves once the condition holds; subscribes before it returns control, so no exit is missed. `error` is why a start failed. */
  wait(
    reference: string,
    condition: WaitCondition,
    signal?: AbortSignal,
  ): Promise<{ exitCode: number; error: string }>;

  get(reference: string): ContainerRecord;
  /** All records, newest first. */
  list(): ContainerRecord[];
  sandbox(id: string): Sandbox | undefined;
  size(reference: string): Promise<{ rw: number; rootFs: number }>;
  /** Containers that use an image, a volume. */
  usersOfImage(imageId: string): { containerId: string; running: boolean }[];
  usersOfVolume(volume: string): string[];
  image(record: ContainerRecord): Image | undefined;

  /** May be called before start: output then begins with the first byte. */
  attach(reference: string, request: AttachRequest): Promise<Attachment>;
  resize(reference: string, rows: number, columns: number): Promise<void>;
  logs(
    reference: string,
    options: ReadOptions,
    signal: AbortSignal,
  ): { tty: boolean; entries: AsyncIterable<LogEntry> };
  stats(reference: string): Promise<ContainerStats>;
  top(reference: string, psArguments: string): Promise<{ titles: string[]; processes: string[][] }>;

  createExec(reference: string, config: ExecConfig): Promise<string>;
  startExec(
    execId: string,
    options: { detach: boolean; tty?: boolean; consoleSize?: readonly [number, number] },
  ): Promise<ExecSessionView | undefined>;
  getExec(execId: string): ExecRecord;
  resizeExec(execId: string, rows: number, columns: number): Promise<void>;

  changes(reference: string): Promise<Change[]>;
  export(reference: string): Readable;
  commit(
    reference: string,
    options: {
      repository?: string;
      tag?: string;
      author: string;
      comment: string;
      pause: boolean;
      changes: readonly string[];
      config?: Partial<ContainerConfig>;
    },
  ): Promise<string>;
  statPath(reference: string, path: string): Promise<PathStat>;
  /** A tar of the path, symlinks resolved inside the container's root, mounts included. */
  readArchive(reference: string, path: string): Promise<{ stat: PathStat; tar: Readable }>;
  writeArchive(
    reference: string,
    path: string,
    tar: Readable,
    options: { noOverwriteDirNonDir?: boolean; copyUidGid?: boolean },
  ): Promise<void>;

  /** Ends supervision; with `stopAll` stops every container first (live-restore off). */
  close(options: { stopAll: boolean }): Promise<void>;
}
export type { Duplex };
