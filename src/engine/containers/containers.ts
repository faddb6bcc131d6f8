import type { Readable } from 'node:stream';
import type { Image, ImageConfig } from '#engine/images';
import type { ReadOptions } from '#engine/logs';
import type { Sandbox } from '#engine/networks';
import type { Change } from '#engine/snapshots';
import { type PathStat, readArchive, statPath, type WriteArchiveOptions, writeArchive } from './archive.ts';
import { attach } from './attach.ts';
import type { Attachment, AttachRequest } from './attach-client.ts';
import { checkCgroupParent } from './cgroup-parent.ts';
import { changes, exportTree } from './changes.ts';
import { type CheckpointRequest, checkpoint } from './checkpoint.ts';
import { listCheckpoints, removeCheckpoint } from './checkpoints.ts';
import { close } from './close.ts';
import { type CommitOptions, commit } from './commit.ts';
import { configureWorking, type WorkingChanges } from './configure-working.ts';
import { connect } from './connect.ts';
import { type ContainersOptions, type Context, type LiveSettings, openContext } from './context.ts';
import { type CreateRequest, create } from './create.ts';
import { type CreateWorkingRequest, createWorking } from './create-working.ts';
import { disconnect } from './disconnect.ts';
import {
  createExec,
  type ExecRequest,
  type ExecSessionView,
  type ExecStartOptions,
  getExec,
  resizeExec,
  startable,
  startExec,
} from './exec.ts';
import type { ExecRecord } from './exec-table.ts';
import { giveCommand } from './give-command.ts';
import { kill } from './kill.ts';
import { linkNames, linkTexts } from './links.ts';
import { imageOf, list, size, usersOfImage, usersOfVolume } from './list.ts';
import { type ContainerLog, logs } from './logs.ts';
import { pause, unpause } from './pause.ts';
import { apparmorProfile } from './privileges.ts';
import { type PruneOptions, prune } from './prune.ts';
import type { ContainerRecord, EndpointSpec } from './record.ts';
import { recover } from './recover.ts';
import { type RemoveOptions, remove } from './remove.ts';
import { rename } from './rename.ts';
import { resize } from './resize.ts';
import { restart } from './restart.ts';
import { type StartOptions, start } from './start.ts';
import { type ContainerStats, stats } from './stats.ts';
import { type StopOptions, stop } from './stop.ts';
import { top } from './top.ts';
import { type UpdateRequest, update } from './update.ts';
import { type ExitResult, type WaitCondition, wait } from './wait.ts';

/** Containers of this engine. References are names, ids or unambiguous id prefixes. */
export class Containers {
  readonly #context: Context;

  private constructor(context: Context) {
    this.#context = context;
  }

  /** Opens the records; call `recover` before serving. @throws invalid when the parent cgroup can be none */
  static async open(options: ContainersOptions): Promise<Containers> {
    checkCgroupParent(options.cgroupParent, options.systemdCgroup);
    return new Containers(openContext(options));
  }

  /** After a start of the daemon: adopts what runs, settles what ended or was half done, sweeps what nobody owns, applies restart policies. */
  recover(): Promise<void> {
    return recover(this.#context);
  }

  /** Changes what new containers get, and the end of all. */
  configure(settings: LiveSettings): void {
    this.#context.live = settings;
  }

  create(request: CreateRequest, signal?: AbortSignal): Promise<{ id: string; warnings: string[] }> {
    const work = this.#timed('create', () => create(this.#context, request, signal));
    return this.#context.background.follow(work);
  }

  /** A container that an image is made in, without a Dockerfile. */
  createWorking(request: CreateWorkingRequest, signal?: AbortSignal): Promise<{ id: string; name: string }> {
    return this.#context.background.follow(createWorking(this.#context, request, signal));
  }

  /** Returns the configuration that the image will have. */
  configureWorking(reference: string, changes: WorkingChanges): Promise<ImageConfig> {
    return configureWorking(this.#context, reference, changes);
  }

  /** What the next start runs, if it has the ticket. */
  giveCommand(reference: string, request: CreateRequest): Promise<{ ticket: string; warnings: string[] }> {
    return giveCommand(this.#context, reference, request);
  }

  /** @throws notModified when it runs already */
  start(reference: string, options?: StartOptions): Promise<void> {
    return this.#timed('start', () => start(this.#context, reference, options));
  }

  checkpoint(reference: string, request: CheckpointRequest): Promise<void> {
    return checkpoint(this.#context, reference, request);
  }

  /** Names; `directory` is where they are kept if not with the container. */
  listCheckpoints(reference: string, directory?: string): string[] {
    return listCheckpoints(this.#context, reference, directory);
  }

  removeCheckpoint(reference: string, name: string, directory?: string): Promise<void> {
    return removeCheckpoint(this.#context, reference, name, directory);
  }

  stop(reference: string, options?: StopOptions): Promise<void> {
    return stop(this.#context, reference, options);
  }

  restart(reference: string, options?: StopOptions): Promise<void> {
    return restart(this.#context, reference, options);
  }

  kill(reference: string, signal?: string): Promise<void> {
    return kill(this.#context, reference, signal);
  }

  pause(reference: string): Promise<void> {
    return pause(this.#context, reference);
  }

  unpause(reference: string): Promise<void> {
    return unpause(this.#context, reference);
  }

  rename(reference: string, name: string): Promise<void> {
    return rename(this.#context, reference, name);
  }

  /** On one more network: at once when it runs, else at its next start. */
  connect(reference: string, endpoint: EndpointSpec): Promise<void> {
    return connect(this.#context, reference, endpoint);
  }

  disconnect(reference: string, network: string, options?: { readonly force?: boolean }): Promise<void> {
    return disconnect(this.#context, reference, network, options);
  }

  update(reference: string, changes: UpdateRequest): Promise<{ warnings: string[] }> {
    return update(this.#context, reference, changes);
  }

  remove(reference: string, options?: RemoveOptions): Promise<void> {
    return this.#timed('delete', () => remove(this.#context, reference, options));
  }

  prune(options: PruneOptions): Promise<{ removed: string[]; reclaimed: number }> {
    return prune(this.#context, options);
  }

  /** Resolves once the condition holds; subscribes before it returns control, so no exit is missed. `error` is why a start failed. */
  async wait(reference: string, condition: WaitCondition, signal?: AbortSignal): Promise<ExitResult> {
    return wait(this.#context, reference, condition, signal);
  }

  /** @throws notFound */
  get(reference: string): ContainerRecord {
    return this.#context.store.get(reference);
  }

  /** All records, newest first. */
  list(): ContainerRecord[] {
    return list(this.#context);
  }

  /** The AppArmor profile of its processes; undefined: this host has no AppArmor. */
  apparmorProfile(record: ContainerRecord): string | undefined {
    return apparmorProfile(record.hostConfig, this.#context.options.apparmor);
  }

  sandbox(id: string): Sandbox | undefined {
    return this.#context.options.networks.sandbox(id);
  }

  size(reference: string): Promise<{ rw: number; rootFs: number }> {
    return size(this.#context, reference);
  }

  usersOfImage(imageId: string): { containerId: string; running: boolean }[] {
    return usersOfImage(this.#context, imageId);
  }

  usersOfVolume(volume: string): string[] {
    return usersOfVolume(this.#context, volume);
  }

  /** `/db:/web/alias`: the legacy links of a container. */
  links(record: ContainerRecord): string[] {
    return linkTexts(this.#context, record);
  }

  /** The further names that containers have by links to them: id -> `/web/alias`. */
  linkNames(): ReadonlyMap<string, readonly string[]> {
    return linkNames(this.#context);
  }

  image(record: ContainerRecord): Image | undefined {
    return imageOf(this.#context, record);
  }

  /** May be called before start: output then begins with the first byte. */
  attach(reference: string, request: AttachRequest): Promise<Attachment> {
    return attach(this.#context, reference, request);
  }

  resize(reference: string, rows: number, columns: number): Promise<void> {
    return resize(this.#context, reference, rows, columns);
  }

  logs(reference: string, options: ReadOptions, signal?: AbortSignal): ContainerLog {
    return logs(this.#context, reference, options, signal);
  }

  stats(reference: string): Promise<ContainerStats> {
    return stats(this.#context, reference);
  }

  top(reference: string, psArguments: string): Promise<{ titles: string[]; processes: string[][] }> {
    return top(this.#context, reference, psArguments);
  }

  createExec(reference: string, request: ExecRequest): Promise<string> {
    return createExec(this.#context, reference, request);
  }

  startExec(execId: string, options: ExecStartOptions): Promise<ExecSessionView | undefined> {
    return startExec(this.#context, execId, options);
  }

  /** @throws notFound, conflict */
  requireStartableExec(execId: string): void {
    startable(this.#context, execId);
  }

  getExec(execId: string): ExecRecord {
    return getExec(this.#context, execId);
  }

  resizeExec(execId: string, rows: number, columns: number): Promise<void> {
    return resizeExec(this.#context, execId, rows, columns);
  }

  changes(reference: string): Promise<Change[]> {
    return this.#timed('changes', () => changes(this.#context, reference));
  }

  export(reference: string): Readable {
    return exportTree(this.#context, reference);
  }

  commit(reference: string, options: CommitOptions): Promise<string> {
    return this.#timed('commit', () => commit(this.#context, reference, options));
  }

  statPath(reference: string, path: string): Promise<PathStat> {
    return statPath(this.#context, reference, path);
  }

  /** A tar of the path, symlinks resolved inside the container's root, mounts included. */
  readArchive(reference: string, path: string): Promise<{ stat: PathStat; tar: Readable }> {
    return readArchive(this.#context, reference, path);
  }

  writeArchive(reference: string, path: string, tar: Readable, options: WriteArchiveOptions): Promise<void> {
    return writeArchive(this.#context, reference, path, tar, options);
  }

  /** Ends supervision; with `stopAll` stops every container first (live-restore off). */
  close(options: { stopAll: boolean }): Promise<void> {
    return close(this.#context, options);
  }

  #timed<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#context.options.metrics.containerActions.time(action, work);
  }
}
