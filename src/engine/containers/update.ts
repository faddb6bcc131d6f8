import { availableParallelism } from 'node:os';
import { isCgroupUnified } from '#engine/system';
import { conflict, invalid, messageOf } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import type { ContainerRecord, Resources, RestartPolicy } from './record.ts';
import { specResources } from './spec-resources.ts';
import { hasProcess } from './state.ts';
import { type PortUpdate, updatePorts } from './update-ports.ts';
import { checkRestartPolicy } from './validate.ts';
import { checkResources } from './validate-resources.ts';

export interface UpdateRequest {
  readonly resources: Partial<Resources>;
  readonly restartPolicy?: RestartPolicy;
  readonly ports?: PortUpdate;
}

/**
 * Changes limits, restart policy and published ports; of a running container at once.
 * @throws notFound, invalid, conflict, system when the kernel refuses (a limit below what is in use, a port in use)
 */
export async function update(
  context: Context,
  reference: string,
  changes: UpdateRequest,
): Promise<{ warnings: string[] }> {
  using locked = await lockContainer(context, reference);
  const { record } = locked;
  if (record.state.status === 'removing' || record.state.status === 'dead') {
    throw conflict(
      `Cannot update container ${record.id}: Container is marked for removal and cannot be "update".`,
    );
  }
  if (changes.restartPolicy) checkNewPolicy(record, changes.restartPolicy);
  const asked = mergeResources(record.hostConfig.resources, changes.resources);
  const { resources, warnings } = checkResources(asked, context.options.support, availableParallelism());
  if (changes.ports) await updatePorts(context, record, changes.ports);
  const closed = context.options.networks.portWarnings(changes.ports?.add ?? []);
  if (hasProcess(record.state) && Object.keys(changes.resources).length > 0) {
    await setLimits(context, context.store.get(record.id), resources);
  }
  const { limitsUnderWay: _, ...latest } = context.store.get(record.id);
  const restartPolicy = changes.restartPolicy ?? latest.hostConfig.restartPolicy;
  context.store.save(
    { ...latest, hostConfig: { ...latest.hostConfig, resources, restartPolicy } },
    { action: 'update' },
  );
  return { warnings: [...warnings, ...closed] };
}

/** On record before the kernel has them: an engine that ends in between leaves the next one to finish it. */
async function setLimits(context: Context, record: ContainerRecord, resources: Resources): Promise<void> {
  context.store.save({ ...record, limitsUnderWay: resources });
  try {
    const rules = withLiftedRules(resources, record.hostConfig.resources);
    await applyLimits(context, record.id, rules);
  } catch (error) {
    const { limitsUnderWay: _, ...unchanged } = context.store.get(record.id);
    context.store.save(unchanged);
    throw error;
  }
}

/**
 * Ends an update that was cut off. Of a live container it is finished, as limits cannot be unset again; of one
 * that has ended meanwhile it has not happened.
 */
export async function finishUpdate(context: Context, id: string): Promise<void> {
  const found = context.store.byId(id);
  if (!found?.limitsUnderWay) return;
  const { limitsUnderWay, ...record } = found;
  let { hostConfig } = record;
  try {
    if (hasProcess(record.state)) {
      const rules = withLiftedRules(limitsUnderWay, hostConfig.resources);
      await applyLimits(context, id, rules);
      hostConfig = { ...hostConfig, resources: limitsUnderWay };
    }
  } catch (error) {
    context.options.log.warn('an update that was cut off cannot be finished', {
      container: id,
      error: messageOf(error),
    });
  }
  context.store.save({ ...record, hostConfig });
}

/** What this host cannot limit has been left out, which may be all of it. */
async function applyLimits(context: Context, id: string, resources: Resources): Promise<void> {
  const limits = specResources(resources);
  if (Object.keys(limits).length > 0) await context.options.runtimes.update(id, limits);
}

function checkNewPolicy({ hostConfig, working, name }: ContainerRecord, policy: RestartPolicy): void {
  if (working && policy.name !== 'no') {
    throw conflict(`container ${name} is a working container: its commands run once, whatever their end`);
  }
  if (hostConfig.autoRemove && policy.name !== 'no') {
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
  checkRestartPolicy(policy);
}

/** 0 and '' leave a limit as it is, as on Docker's wire; a list takes the place of the one that was. @throws conflict when the change needs another one with it */
function mergeResources(current: Resources, changes: Partial<Resources>): Resources {
  const given = Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== undefined && value !== 0 && value !== ''),
  ) as Partial<Resources>;
  if (current.nanoCpus > 0 && (given.cpuPeriod ?? given.cpuQuota) !== undefined) {
    throw conflict(
      'Conflicting options: CPU Period and Quota cannot be updated as NanoCPUs has already been set',
    );
  }
  if ((current.cpuPeriod > 0 || current.cpuQuota > 0) && given.nanoCpus !== undefined) {
    throw conflict(
      'Conflicting options: Nano CPUs cannot be updated as CPU Period or Quota has already been set',
    );
  }
  const { memory, memorySwap } = given;
  if (
    memory !== undefined &&
    memorySwap === undefined &&
    current.memorySwap > 0 &&
    memory > current.memorySwap
  ) {
    throw invalid(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  return { ...current, ...given };
}

const DEVICE_RULES = ['blkioReadBps', 'blkioWriteBps', 'blkioReadIops', 'blkioWriteIops'] as const;

/**
 * What lifts a rule: zero on cgroup v1. On v2 the word is `max`, which runtimes have no number for; there a rate
 * that no device reaches has to do.
 */
const unlimited = (): number => (isCgroupUnified() ? Number.MAX_SAFE_INTEGER : 0);

/** What the kernel is told: a rule for a device stays until it is lifted. */
function withLiftedRules(wanted: Resources, before: Resources): Resources {
  const lifted = DEVICE_RULES.map((name) => {
    const kept = new Set(wanted[name].map(({ path }) => path));
    const gone = before[name]
      .filter(({ path }) => !kept.has(path))
      .map(({ path }) => ({ path, rate: unlimited() }));
    return [name, [...wanted[name], ...gone]] as const;
  });
  return { ...wanted, ...Object.fromEntries(lifted) };
}
