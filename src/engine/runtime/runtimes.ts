import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, notFound } from '#lib/errors';
import type { Logger } from '#lib/log';
import { Cgroup, CgroupReadiness, type CgroupStats, cgroupLayout } from '#linux/cgroups';
import type { Owner } from '#linux/ids';
import { shareMount } from '#linux/mount';
import { openSpawner, type ProcessIdentity } from '#linux/process';
import type { Resources } from '#oci/runtime-spec';
import { type Adopted, adoptContainer } from './adopt.ts';
import { removeConsoles } from './adopt-execs.ts';
import type { AttachOptions, AttachStream } from './attach.ts';
import { conmonPath, RuntimeBinaries, type RuntimeBinary } from './binary.ts';
import { type CheckpointOptions, checkpointContainer } from './checkpoint.ts';
import { type Container, type ExitStatus, killAll } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { resizeByControl } from './control.ts';
import { type CreateOptions, createContainer, type Running } from './create.ts';
import { deleteContainer, removeUnified } from './delete.ts';
import { type ExecOptions, type ExecSession, execInContainer } from './exec.ts';
import { ExitDirectory } from './exits.ts';
import { Guarded } from './guarded.ts';
import { Paths } from './paths.ts';
import { pauseContainer, resumeContainer } from './pause.ts';
import { SealedRuntimes } from './sealed-runtimes.ts';
import { requireReachable, type StageOptions, stage, stageNamespace } from './stage.ts';
import { startContainer } from './start.ts';
import { updateContainer } from './update.ts';

export interface RuntimesOptions {
  /** The exec root: `<root>/bundles/<id>`, `<root>/exits`, `<root>/runtime` (the runtimes' --root). */
  readonly root: string;
  readonly runtimes: readonly RuntimeBinary[];
  readonly defaultRuntime: string;
  readonly systemdCgroup: boolean;
  /** Containers have no cgroups. */
  readonly withoutCgroups?: boolean;
  readonly log: Logger;
}

/**
 * Containers as processes: made by an OCI runtime, held by conmon, found again after our death.
 * Whatever lies below the data root and must show in containers has to be on a shared mount
 * (`shareMount`) before this is opened.
 */
export class Runtimes {
  readonly #context: RuntimeContext;

  private constructor(context: RuntimeContext) {
    this.#context = context;
  }

  /** @throws invalid (default runtime), unavailable (no conmon) */
  static async open(options: RuntimesOptions): Promise<Runtimes> {
    const { withoutCgroups = false } = options;
    const paths = new Paths(options.root);
    const binaries = new RuntimeBinaries(options.runtimes, options.defaultRuntime);
    const conmon = conmonPath();
    for (const directory of [paths.bundles, paths.states, paths.stages])
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    // The roots of user namespaces pass; each directory in it lets in but its own.
    chmodSync(paths.stages, 0o711);
    removeConsoles({ paths });
    // What we stage below it must show in the mount namespace that the spawner then makes.
    if (cgroupLayout() === 'hybrid') shareMount(options.root);
    const spawner = await openSpawner();
    return new Runtimes({
      paths,
      binaries,
      sealed: new SealedRuntimes(paths.sealed, options.log),
      conmon,
      spawner,
      guarded: new Guarded(spawner),
      exits: new ExitDirectory(paths.exits, options.log),
      readiness: new CgroupReadiness(),
      systemdCgroup: options.systemdCgroup,
      withoutCgroups,
      log: options.log,
      containers: new Map(),
    });
  }

  /** Changes which runtimes containers may ask for. @throws invalid, and changes nothing */
  configure(runtimes: readonly RuntimeBinary[], defaultRuntime: string): void {
    this.#context.binaries.configure(runtimes, defaultRuntime);
  }

  names(): readonly string[] {
    return this.#context.binaries.names();
  }

  has(name: string): boolean {
    return this.#context.binaries.has(name);
  }

  /** A container or a command in one will be started soon: what takes the kernel a while begins now. */
  expectStart(): void {
    this.#context.readiness.expect();
  }

  /**
   * Makes a bind source visible to the runtime where it would not be; returns the path to put in the spec.
   */
  stage(id: string, source: string, options: StageOptions = {}): string {
    return stage(this.#context, id, source, options);
  }

  /** The same for a user namespace (`bindNamespace`'s source) that the container is to be made in, and its root. */
  stageNamespace(id: string, source: string, root: Owner): string {
    return stageNamespace(this.#context, id, source, root);
  }

  /** Whether containers can run with a user namespace of that root. @throws system naming what is in its way */
  requireReachable(root: Owner): void {
    requireReachable(this.#context, root);
  }

  /**
   * Writes the bundle, spawns conmon and `create`; resolves when the runtime answered. A failure
   * leaves nothing, staged binds included.
   * @throws RuntimeError, invalid, conflict, cancelled
   */
  create(options: CreateOptions, signal?: AbortSignal): Promise<Running> {
    return createContainer(this.#context, options, signal);
  }

  /** Starts the created process. @throws conflict when it has been started, or has ended */
  async start(id: string): Promise<void> {
    return startContainer(this.#context, this.#get(id));
  }

  /** Finds a container of an earlier daemon again: what the bundle on disk and the kernel say. */
  adopt(id: string, expected: ProcessIdentity | undefined): Adopted {
    return adoptContainer(this.#context, id, expected);
  }

  /** Ids of all that has left something below the root, half-made and half-deleted ones included. */
  bundles(): string[] {
    const { bundles, states, stages, exits } = this.#context.paths;
    const names = [bundles, states, stages, exits].flatMap((directory) => readdirSync(directory));
    return [...new Set(names.filter((name) => !name.includes('.')))];
  }

  /** One client more, from now on: what was written before is in the log. Connect before `start` to miss nothing. */
  attach(id: string, options?: AttachOptions): AttachStream {
    return this.#get(id).attachment.attach(options);
  }

  /** @throws conflict when the container has ended */
  async resize(id: string, rows: number, columns: number): Promise<void> {
    resizeByControl(this.#get(id).bundle.control, rows, columns);
  }

  /** To the first process. False when it is gone. */
  async signal(id: string, signal: number): Promise<boolean> {
    return this.#get(id).init?.signal(signal) ?? false;
  }

  /** SIGKILL to every process of the container (cgroup), e.g. after init died. */
  async killAll(id: string): Promise<void> {
    return killAll(this.#get(id).cgroup);
  }

  /** What the kernel has, whatever a runtime thinks of it: for a container that was adopted. */
  async setFrozen(id: string, frozen: boolean): Promise<void> {
    const { cgroup } = this.#get(id);
    await (frozen ? cgroup.freeze() : cgroup.thaw());
  }

  async pause(id: string): Promise<void> {
    return pauseContainer(this.#context, this.#get(id));
  }

  async resume(id: string): Promise<void> {
    return resumeContainer(this.#context, this.#get(id));
  }

  /** Writes its processes down for a later `create`. @throws unsupported, RuntimeError */
  async checkpoint(id: string, options: CheckpointOptions): Promise<void> {
    return checkpointContainer(this.#context, this.#get(id), options);
  }

  /** The end of the container's first process, from conmon's exit file or, if conmon was killed, from the kernel. */
  async exited(id: string): Promise<ExitStatus> {
    return this.#get(id).exited;
  }

  /** Kills what runs and removes the runtime's state, cgroups, bundle, exit file, staged binds; missing is fine. */
  async delete(id: string): Promise<void> {
    return deleteContainer(this.#context, id);
  }

  /** @throws RuntimeError with the reason when the command cannot be executed */
  async exec(options: ExecOptions, signal?: AbortSignal): Promise<ExecSession> {
    return execInContainer(this.#context, this.#get(options.containerId), options, signal);
  }

  /** Changes limits of a live container. @throws RuntimeError */
  async update(id: string, resources: Resources): Promise<void> {
    return updateContainer(this.#context, this.#get(id), resources);
  }

  async pids(id: string): Promise<number[]> {
    return this.#get(id).cgroup.processes();
  }

  /** What its processes use. @throws notFound */
  stats(id: string): Promise<CgroupStats> {
    return this.#get(id).cgroup.stats();
  }

  /** Where the runtime keeps what it knows of a container; crun leaves the compiled seccomp filter there. */
  stateDirectory(id: string): string {
    return this.#context.paths.state(id);
  }

  /** conmon's control FIFO, for the rotation of its log. */
  controlFifo(id: string): string {
    return this.#get(id).bundle.control;
  }

  /** Containers go on; the last one's parent cgroups are removed. */
  async close(): Promise<void> {
    for (const container of this.#context.containers.values()) container[Symbol.dispose]();
    this.#context.containers.clear();
    this.#context.exits[Symbol.dispose]();
    this.#context.readiness[Symbol.dispose]();
    if (this.bundles().length === 0) await this.#removeCgroups();
    await this.#context.guarded[Symbol.asyncDispose]();
    await this.#context.spawner[Symbol.asyncDispose]();
    this.#context.sealed[Symbol.dispose]();
  }

  async #removeCgroups(): Promise<void> {
    const directory = this.#context.paths.cgroups;
    for (const name of readNames(directory)) {
      const path = decodeURIComponent(name);
      try {
        await new Cgroup(path).remove();
        removeUnified(this.#context, path);
        rmSync(join(directory, name));
      } catch (error) {
        // Somebody else is in it by now.
        this.#context.log.debug(`cannot remove cgroup ${path}: ${messageOf(error)}`);
      }
    }
  }

  #get(id: string): Container {
    const container = this.#context.containers.get(id);
    if (!container) throw notFound(`No such container in the runtime: ${id}`);
    return container;
  }
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
