import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';
import type { ProcessIdentity } from '#linux/process';
import type { Spec } from '#oci/runtime-spec';
import type { RuntimeBinary } from './binary.ts';

/** How a container is held: written before its processes are made, never changed. */
export interface Settings {
  readonly name: string;
  readonly runtime: RuntimeBinary;
  readonly systemdCgroup: boolean;
  /** It has none. */
  readonly withoutCgroup?: boolean;
  readonly cgroupsPath: string;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  /** No pid namespace of its own: its other processes do not die with its first. */
  readonly sharesPids: boolean;
  readonly hooks: { readonly poststart: boolean; readonly poststop: boolean };
}

/** Who was there after the create. */
export interface Processes {
  readonly init: ProcessIdentity;
  readonly conmon: ProcessIdentity | undefined;
  /** `mnt:[4026532000]`: by it the processes of a container without a cgroup are found. */
  readonly mountNamespace?: string | undefined;
}

/** A container's bundle directory: the runtime's `config.json`, conmon's files, and ours. */
export class Bundle {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }

  exists(): boolean {
    return existsSync(this.path);
  }

  write(spec: Spec, settings: Settings): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    writeFileSync(this.config, JSON.stringify(spec), { mode: 0o600 });
    this.#writeJson('settings.json', settings);
  }

  /** Undefined when the bundle was not written to its end. */
  settings(): Settings | undefined {
    return this.#readJson<Settings>('settings.json');
  }

  writeProcesses(processes: Processes): void {
    this.#writeJson('processes.json', processes);
  }
  processes(): Processes | undefined {
    return this.#readJson<Processes>('processes.json');
  }

  get config(): string {
    return join(this.path, 'config.json');
  }
  /** The pid of the container's first process, by the runtime at the end of `create`. */
  get initPid(): string {
    return join(this.path, 'pidfile');
  }
  get conmonPid(): string {
    return join(this.path, 'conmon.pid');
  }
  get attachSocket(): string {
    return join(this.path, 'attach');
  }
  /** conmon's FIFO for `1 ROWS COLUMNS` (resize) and `2 0 0` (open the log again). */
  get control(): string {
    return join(this.path, 'ctl');
  }
  get runtimeLog(): string {
    return join(this.path, 'runtime.log');
  }
  get conmonLog(): string {
    return join(this.path, 'conmon.log');
  }
  /** conmon leaves it in its working directory when the kernel killed something for memory. */
  get oomMark(): string {
    return join(this.path, 'oom');
  }
  get execs(): string {
    return join(this.path, 'exec');
  }
  exec(execId: string): string {
    return join(this.execs, execId);
  }

  /** The number in a pid file; undefined when it is not there (yet). */
  pid(file: string): number | undefined {
    const pid = Number(readText(file) ?? '');
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  }

  /** Never half-written: a daemon may die between any two calls. */
  #writeJson(name: string, value: object): void {
    const target = join(this.path, name);
    writeFileSync(`${target}.new`, JSON.stringify(value), { mode: 0o600 });
    renameSync(`${target}.new`, target);
  }

  #readJson<T>(name: string): T | undefined {
    const text = readText(join(this.path, name));
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }
}

/** Undefined when there is no such file. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // ESRCH: a file of a process that ends while it is read.
    if (['ENOENT', 'ENOTDIR', 'ESRCH'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
