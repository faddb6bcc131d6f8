import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, conflict, invalid, notFound } from '#lib/errors';
import { isAbsent, parseKeyed, readControl, readControlSync } from './files.ts';
import { setFrozenV1, setFrozenV2 } from './freeze.ts';
import { CGROUP_ROOT, hierarchies, isUnified } from './layout.ts';
import { childrenOf, tryRemoveAll } from './remove.ts';
import type { CgroupStats } from './stats.ts';
import { statsV1 } from './stats-v1.ts';
import { statsV2 } from './stats-v2.ts';

/** Hierarchies that are asked for processes, by preference; any other will do. */
const PROCESS_HIERARCHIES = ['pids', 'memory', 'freezer', 'systemd'];

/** How long a cgroup may still be in use by processes that were killed. */
const PATIENCE_MS = 5000;
const LONGEST_PAUSE_MS = 50;

/**
 * A container's cgroup in every hierarchy, by its path below the root (`/berth/<id>`). On a hybrid
 * host runtimes run without the v2 hierarchy, so statistics and limits are v1's there.
 */
export class Cgroup {
  readonly path: string;
  readonly #root: string;
  readonly #isV2: boolean;
  #places: readonly string[] | undefined;

  /** `root` is another mount point of the hierarchies, for tests. @throws invalid */
  constructor(path: string, root = CGROUP_ROOT) {
    const parts = path.split('/').slice(1);
    // `remove` kills all that is in it: the root and what lies outside must not be named by mistake.
    const plain = path.startsWith('/') && parts.every((part) => part !== '' && part !== '.' && part !== '..');
    if (!plain || path.includes('\0')) throw invalid(`invalid cgroup path: ${JSON.stringify(path)}`);
    this.path = path;
    this.#root = root;
    this.#isV2 = isUnified(root);
  }

  exists(): boolean {
    return this.#directories().some((directory) => existsSync(directory));
  }

  /** Times in nanoseconds, memory in bytes; the same shape on v1 and v2. @throws not-found */
  async stats(): Promise<CgroupStats> {
    if (!this.exists()) throw notFound(`the cgroup ${this.path} does not exist`);
    return this.#isV2 ? statsV2(join(this.#root, this.path)) : statsV1(this.#root, this.path);
  }

  /** Ids of all processes in it and below, ascending. */
  async processes(): Promise<number[]> {
    const ids = new Set<number>();
    await collectProcesses(this.#processDirectory(), ids);
    return [...ids].sort((a, b) => a - b);
  }

  /** @throws not-found, unavailable when a process could not be stopped in time; it is thawed again then */
  async freeze(): Promise<void> {
    await this.#setFrozen(true);
  }

  /** @throws not-found */
  async thaw(): Promise<void> {
    await this.#setFrozen(false);
  }

  /** Times the OOM killer hit this cgroup; 0 when it is gone. */
  oomKills(): number {
    const file = this.#isV2
      ? join(this.#root, this.path, 'memory.events')
      : join(this.#root, 'memory', this.path, 'memory.oom_control');
    return Number(parseKeyed(readControlSync(file)).get('oom_kill') ?? 0n);
  }

  /**
   * rmdir in every hierarchy, children first; missing ones are fine. `kill` kills what is left
   * (cgroup.kill, or SIGKILL to each) and waits for it to go.
   * @throws conflict while processes are in it
   */
  async remove(options: { kill?: boolean } = {}): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      if (await tryRemoveAll(this.#directories())) return;
      const left = await this.processes();
      const hopeless = !options.kill && left.length > 0;
      if (hopeless || performance.now() > deadline) {
        throw conflict(`the cgroup ${this.path} is in use by process ${left.join(', ') || '(unknown)'}`);
      }
      if (options.kill) await this.#kill(left);
      await sleep(pause);
    }
  }

  async #kill(processes: readonly number[]): Promise<void> {
    const killFile = join(this.#root, this.path, 'cgroup.kill');
    if (this.#isV2 && existsSync(killFile)) return writeFile(killFile, '1', { flag: 'r+' });
    for (const pid of processes) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if (codeOf(error) !== 'ESRCH') throw error;
      }
    }
    // On v1 a frozen process dies when it is thawed.
    if (!this.#isV2) await this.thaw().catch(ignoreNotFound);
  }

  async #setFrozen(frozen: boolean): Promise<void> {
    if (this.#isV2) await setFrozenV2(join(this.#root, this.path), frozen);
    else await setFrozenV1(join(this.#root, 'freezer', this.path), frozen);
  }

  /** Where it is in each hierarchy, whether it is there or not. */
  #directories(): readonly string[] {
    this.#places ??= hierarchies(this.#root).map((hierarchy) => join(hierarchy, this.path));
    return this.#places;
  }

  #processDirectory(): string {
    const directories = this.#isV2
      ? this.#directories()
      : [...PROCESS_HIERARCHIES.map((name) => join(this.#root, name, this.path)), ...this.#directories()];
    return directories.find((directory) => existsSync(directory)) ?? join(this.#root, this.path);
  }
}

async function collectProcesses(directory: string, ids: Set<number>): Promise<void> {
  const text = await readControl(join(directory, 'cgroup.procs'));
  for (const line of text.split('\n')) if (/^[1-9]\d*$/.test(line)) ids.add(Number(line));
  for (const child of await childrenOf(directory)) await collectProcesses(child, ids);
}

function ignoreNotFound(error: unknown): void {
  if (isAbsent(error) || (error instanceof Error && 'kind' in error && error.kind === 'not-found')) return;
  throw error;
}
