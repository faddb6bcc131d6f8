import { existsSync } from 'node:fs';
import { messageOf } from '#lib/errors';
import { nowNano } from '#lib/time';
import { Cgroup, type ContainerCgroup, ProcessGroup } from '#linux/cgroups';
import type { ProcessHandle } from '#linux/process';
import { SharedAttachment } from './attach.ts';
import type { Bundle, Settings } from './bundle.ts';
import { cgroupOf } from './cgroup.ts';
import type { RuntimeContext } from './context.ts';
import type { ExitFile } from './exits.ts';

export interface ExitStatus {
  /** 128 + signal after a signal. */
  readonly code: number;
  readonly oomKilled: boolean;
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
}

/** Nobody knows: as if it had been killed. */
const UNKNOWN_EXIT = 137;

/** A container that has been created and not yet deleted: its bundle, its processes and its end. */
export class Container implements Disposable {
  readonly id: string;
  readonly bundle: Bundle;
  readonly settings: Settings;
  readonly init: ProcessHandle | undefined;
  readonly conmon: ProcessHandle | undefined;
  readonly attachment: SharedAttachment;
  /** Never rejects. */
  readonly exited: Promise<ExitStatus>;
  readonly #context: RuntimeContext;
  readonly #ended = Promise.withResolvers<ExitFile>();
  #cgroup: ContainerCgroup | undefined;
  #deleting = false;
  #disposed = false;

  constructor(
    context: RuntimeContext,
    id: string,
    bundle: Bundle,
    settings: Settings,
    processes: { init: ProcessHandle | undefined; conmon: ProcessHandle | undefined },
  ) {
    this.#context = context;
    this.id = id;
    this.bundle = bundle;
    this.settings = settings;
    this.init = processes.init;
    this.conmon = processes.conmon;
    this.attachment = new SharedAttachment(bundle.attachSocket, settings, processes.conmon?.identity.pid);
    context.exits.onExit(id, this.#ended.resolve);
    this.#outliveConmon().catch((error: unknown) =>
      context.log.error(`lost sight of a container: ${messageOf(error)}`, { id }),
    );
    this.exited = this.#settle();
  }

  get cgroup(): ContainerCgroup {
    this.#cgroup ??= this.settings.withoutCgroup
      ? new ProcessGroup(this.bundle.processes()?.mountNamespace)
      : new Cgroup(this.cgroupPath);
    return this.#cgroup;
  }

  /** Below the root of each hierarchy. */
  get cgroupPath(): string {
    return cgroupOf(this.#context.paths.state(this.id), this.settings);
  }

  isAlive(): boolean {
    return this.init?.isAlive() ?? false;
  }

  /** From now on the end of any of its processes is our own doing. */
  beginDelete(): void {
    this.#deleting = true;
  }

  /** It is being deleted and nothing of it is left: whoever still waits is answered. */
  giveUp(): void {
    this.#ended.resolve({ code: UNKNOWN_EXIT, time: nowNano() });
  }

  /**
   * It is gone. Attached clients stay until they have read what it wrote last: conmon has hung up, so
   * their stream ends by itself, however slowly they read.
   */
  letGo(): void {
    this.#disposed = true;
    this.init?.[Symbol.dispose]();
    this.conmon?.[Symbol.dispose]();
  }

  /** We go, it stays: clients are cut off. */
  [Symbol.dispose](): void {
    this.attachment.close();
    this.letGo();
  }

  /** conmon writes the exit file, unless it was killed itself: then the kernel is asked about the container. */
  async #outliveConmon(): Promise<void> {
    await this.conmon?.ended();
    if (this.#lookForExit() || !this.init) return;
    const { id } = this;
    if (this.conmon && !this.#deleting)
      this.#context.log.warn('conmon is gone before its container: its output is lost from now on', { id });
    const status = await this.init.exited();
    if (!this.#lookForExit()) this.#ended.resolve({ code: status?.code ?? UNKNOWN_EXIT, time: nowNano() });
  }

  /** True when there is nothing left to wait for. */
  #lookForExit(): boolean {
    if (!this.#disposed) this.#context.exits.check(this.id);
    return this.#disposed || this.#context.exits.read(this.id) !== undefined;
  }

  async #settle(): Promise<ExitStatus> {
    const { code, time } = await this.#ended.promise;
    this.#context.exits.forget(this.id);
    try {
      // Looked at before anybody removes the cgroup.
      const oomKilled = existsSync(this.bundle.oomMark) || this.cgroup.oomKills() > 0;
      if (this.settings.sharesPids) await killAll(this.cgroup);
      return { code, time, oomKilled };
    } catch (error) {
      this.#context.log.warn(`cannot look at the cgroup of an ended container: ${messageOf(error)}`, {
        id: this.id,
      });
      return { code, time, oomKilled: false };
    }
  }
}

/** SIGKILL to every process of a cgroup. */
export async function killAll(cgroup: ContainerCgroup): Promise<void> {
  for (const pid of await cgroup.processes()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone between the list and now.
    }
  }
}
