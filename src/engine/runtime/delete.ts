import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#lib/errors';
import { removeTree } from '#linux/files';
import { ProcessHandle, signalNumber } from '#linux/process';
import { findContainer, isToldOf } from './adopt.ts';
import { isCrun } from './binary.ts';
import { Bundle } from './bundle.ts';
import { runVerb } from './command.ts';
import { type Container, killAll } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { unstage } from './stage.ts';

/** How long a create that nobody waits for any more may take to its end. */
const CREATE_PATIENCE_MS = 10_000;
const KILL_PATIENCE_MS = 10_000;
/** How long conmon may take to write what a killed container left in its pipes. */
const DRAIN_PATIENCE_MS = 2_000;
const SIGKILL = signalNumber('KILL');

/**
 * Removes a container, whatever its state: processes, the runtime's state, cgroups, staged binds,
 * exit file, bundle. Missing is fine, half-made too. The bundle goes last: as long as it is there
 * the next daemon can finish this.
 */
export async function deleteContainer(
  context: RuntimeContext,
  id: string,
  options: { /** Nobody is at work on it any more: no need to look. */ readonly settled?: boolean } = {},
): Promise<void> {
  const bundle = new Bundle(context.paths.bundle(id));
  if (!options.settled) await creationSettled(context, bundle);
  const container = context.containers.get(id) ?? findContainer(context, id);
  if (container) {
    container.beginDelete();
    await endProcesses(container);
    await removeFromRuntime(context, container);
    container.giveUp();
    container.letGo();
    context.containers.delete(id);
  }
  removeTree(context.paths.state(id));
  await unstage(context, id);
  context.exits.remove(id);
  removeTree(bundle.path);
}

/**
 * A daemon, or a caller, that went away during a create leaves conmon and the runtime at work. To
 * kill them in the middle would leave what nobody has a name for: they are let come to their end.
 */
async function creationSettled(context: RuntimeContext, bundle: Bundle): Promise<void> {
  if (bundle.processes() || !bundle.exists()) return;
  const deadline = performance.now() + CREATE_PATIENCE_MS;
  for (let wait = 5; performance.now() < deadline; wait = Math.min(wait * 2, 100)) {
    if (bundle.pid(bundle.initPid) !== undefined || (await atWorkOn(bundle)).length === 0) return;
    await sleep(wait);
  }
  context.log.warn(`a create did not come to its end and is killed: ${bundle.path}`);
  for (const pid of await atWorkOn(bundle)) ProcessHandle.open(pid)?.signal(SIGKILL);
}

/** conmon and the runtime: both are told the bundle's path. */
async function atWorkOn(bundle: Bundle): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => pid !== process.pid && isToldOf(pid, bundle));
}

async function endProcesses(container: Container): Promise<void> {
  const { init, conmon, cgroup } = container;
  if (init?.isAlive()) {
    // A frozen process does not die.
    await cgroup.thaw().catch(() => {});
    init.signal(SIGKILL);
    if (container.settings.sharesPids) await killAll(cgroup);
    await atMost(KILL_PATIENCE_MS, init.ended());
  }
  if (!conmon?.isAlive()) return;
  if (init) await atMost(DRAIN_PATIENCE_MS, Promise.race([container.exited, conmon.ended()]));
  // What it has to write it has written; what keeps it is output that nobody will read.
  conmon.signal(SIGKILL);
}

const atMost = (ms: number, work: Promise<unknown>) =>
  Promise.race([work, sleep(ms, undefined, { ref: false })]);

async function removeFromRuntime(context: RuntimeContext, container: Container): Promise<void> {
  const { runtime, hooks, systemdCgroup } = container.settings;
  if (isCrun(runtime) && !systemdCgroup && !hooks.poststop) {
    try {
      await removeNatively(context, container);
      return;
    } catch (error) {
      context.log.warn(`cannot remove a container directly, asking the runtime: ${messageOf(error)}`, {
        id: container.id,
      });
    }
  }
  await runVerb(context, runtime, ['delete', '-f', container.id]).catch((error: unknown) => {
    // The runtime may never have heard of it.
    if (!/does not exist|no such file/i.test(messageOf(error))) throw error;
  });
  await container.cgroup.remove({ kill: true });
}

/** What `crun delete` does, without the process: 0.5 ms instead of 3. */
async function removeNatively(context: RuntimeContext, container: Container): Promise<void> {
  await container.cgroup.remove({ kill: true });
  if (!container.settings.withoutCgroup) removeUnified(context, container.cgroupPath);
}

/** Where the v2 hierarchy is hidden, crun makes plain directories in its place. */
export function removeUnified({ spawner }: RuntimeContext, path: string): void {
  if (spawner.unified !== undefined) removeTree(`${spawner.unified}${path}`);
}
