import type { ExecSession } from '#engine/runtime';
import { notFound } from '#lib/errors';

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
  /** Rows, columns. */
  readonly consoleSize?: readonly [number, number];
}
export interface ExecRecord {
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  readonly running: boolean;
  /** undefined: it has not run, or runs. */
  readonly exitCode: number | undefined;
  /** 0: it has not run. */
  readonly pid: number;
  readonly canRemove: boolean;
}
export interface Exec extends ExecRecord {
  readonly session: ExecSession | undefined;
  /** Milliseconds since the epoch. */
  readonly endedAt: number | undefined;
}

/** How long one that has ended can still be inspected. Milliseconds. */
const KEPT = 5 * 60_000;

/** The commands given with exec. They live as long as the daemon: a container's end is theirs, too. */
export class ExecTable {
  readonly #byId = new Map<string, Exec>();

  /** @throws notFound */
  get(id: string): Exec {
    const exec = this.#byId.get(id);
    if (!exec) throw notFound(`No such exec instance: ${id}`);
    return exec;
  }

  add(id: string, containerId: string, config: ExecConfig): void {
    this.#forgetOld(Date.now());
    this.#byId.set(id, {
      id,
      containerId,
      config,
      running: false,
      exitCode: undefined,
      pid: 0,
      canRemove: false,
      session: undefined,
      endedAt: undefined,
    });
  }

  /** Takes it for starting: only one caller can. */
  markStarting(id: string): void {
    this.#change(id, { running: true });
  }

  markRunning(id: string, session: ExecSession): void {
    this.#change(id, { running: true, session, pid: session.pid });
  }

  markEnded(id: string, exitCode: number): void {
    this.#change(id, { running: false, exitCode, session: undefined, endedAt: Date.now(), canRemove: true });
  }

  /** The container is gone. */
  forget(containerId: string): void {
    for (const exec of this.#byId.values()) if (exec.containerId === containerId) this.#byId.delete(exec.id);
  }

  /** Lets go of those that run: open streams would keep the process from ending. */
  close(): void {
    for (const { session } of this.#byId.values()) {
      for (const stream of [session?.stdin, session?.stdout, session?.stderr]) stream?.destroy();
    }
  }

  #change(id: string, changes: Partial<Exec>): void {
    const exec = this.#byId.get(id);
    if (exec) this.#byId.set(id, { ...exec, ...changes });
  }

  #forgetOld(now: number): void {
    for (const { id, endedAt } of this.#byId.values()) {
      if (endedAt !== undefined && now - endedAt > KEPT) this.#byId.delete(id);
    }
  }
}
