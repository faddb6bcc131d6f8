import { messageOf } from '#lib/errors';
import { NEVER } from '#lib/time';
import { adopt, superviseAdopted } from './adopt.ts';
import type { Context } from './context.ts';
import { settledEndpoints } from './endpoints.ts';
import { donorsOf } from './joined-containers.ts';
import { deliverRemainingLogs } from './log-delivery.ts';
import type { ContainerRecord } from './record.ts';
import { remove } from './remove.ts';
import { finishRename } from './rename.ts';
import { restartsWithDaemon } from './restart-policy.ts';
import { launchSupervised, scheduleRestart } from './supervise.ts';
import { sweep } from './sweep.ts';
import { finishUpdate } from './update.ts';
import { joined } from './validate-network.ts';

/**
 * After a start of the engine: what runs is adopted, what ended or was half done is settled, what nobody owns
 * is swept, and what should run is started. Restarts go on in the background.
 */
export async function recover(context: Context): Promise<void> {
  const alive = new Set<string>();
  for (const record of context.store.all()) {
    if (await adopt(context, record)) alive.add(record.id);
    await finishUpdate(context, record.id);
  }
  await context.options.networks.recover(alive);
  for (const id of alive) settleNetworks(context, id);
  for (const { id } of context.store.all()) await finishRename(context, id);
  await sweep(context, alive);
  for (const id of alive) superviseAdopted(context, id);
  deliverRemainingLogs(context, alive);
  const removed = context.store.all().filter(isLeftOver);
  for (const { id } of removed) {
    const options = { volumes: true, force: true };
    context.background.run('remove an ended container', id, () => remove(context, id, options));
  }
  context.background.run('start what should run', '', () => startAll(context));
}

/** `--rm`, and it has had its run; or a step of a build, which ended with the daemon before. */
const isLeftOver = ({ hostConfig, state, purpose }: ContainerRecord): boolean =>
  purpose === 'build' ||
  (hostConfig.autoRemove &&
    (state.status === 'exited' || (state.status === 'created' && state.error !== '')));

function settleNetworks(context: Context, id: string): void {
  const record = context.store.get(id);
  const sandbox = context.options.networks.sandbox(id);
  if (!sandbox || joined(record.hostConfig.networkMode) !== undefined) return;
  const endpoints = settledEndpoints(record.endpoints, sandbox);
  if (endpoints !== record.endpoints) context.store.save({ ...record, endpoints });
}

/** One after the other, those first whose namespaces others join. */
async function startAll(context: Context): Promise<void> {
  for (const record of inOrder(context, context.store.all())) {
    if (context.closing.signal.aborted) return;
    // Its exit came while nobody was there to restart it, or the wait for its restart was cut off.
    if (record.state.status === 'restarting') scheduleRestart(context, record.id, 0);
    else if (shouldRun(record)) await startAgain(context, record.id);
  }
}

function shouldRun({ hostConfig, state, stoppedByUser, restartCount }: ContainerRecord): boolean {
  // One that was only created waits for its first start by a user.
  if (state.status !== 'exited' && !(state.status === 'created' && state.startedAt !== NEVER)) return false;
  return restartsWithDaemon(hostConfig.restartPolicy, {
    exitCode: state.exitCode,
    stoppedByUser,
    restartCount,
  });
}

async function startAgain(context: Context, id: string): Promise<void> {
  using _ = await context.locks.acquire(id);
  const record = context.store.byId(id);
  if (!record || !shouldRun(record) || context.closing.signal.aborted) return;
  try {
    await launchSupervised(context, id);
  } catch (error) {
    context.options.log.warn('cannot start a container again', { container: id, error: messageOf(error) });
  }
}

function inOrder(context: Context, records: readonly ContainerRecord[]): ContainerRecord[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  const ordered = new Set<ContainerRecord>();
  const visit = (record: ContainerRecord, path: ReadonlySet<string>) => {
    if (ordered.has(record) || path.has(record.id)) return;
    for (const id of donorsOf(context, record)) {
      const donor = byId.get(id);
      if (donor) visit(donor, new Set([...path, record.id]));
    }
    ordered.add(record);
  };
  for (const record of records) visit(record, new Set());
  return [...ordered];
}
