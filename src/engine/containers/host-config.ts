import { availableParallelism } from 'node:os';
import type { LogConfig } from '#engine/logs';
import { maskedPaths, parseSecurityOptions, readonlyPaths } from '#engine/security';
import { invalid, isKind, messageOf } from '#lib/errors';
import type { Context } from './context.ts';
import { donor, type JoinKind } from './joined-containers.ts';
import type { HostConfig } from './record.ts';
import { DEFAULT_SHM_SIZE } from './spec-mounts.ts';
import { specOomScoreAdj, specRlimits } from './spec-process.ts';
import { checkResources, withDefaultSwap } from './validate-resources.ts';

/**
 * The request with the engine's defaults in place and without what this host cannot do, each omission with a warning.
 * @throws invalid
 */
export function completeHostConfig(
  context: Context,
  host: HostConfig,
): { hostConfig: HostConfig; warnings: string[] } {
  const { options } = context;
  const checked = checkResources(withDefaultSwap(host.resources), options.support, availableParallelism());
  const open = host.privileged || parseSecurityOptions(host.securityOpt).systempaths === 'unconfined';
  const warnings = [
    ...checked.warnings,
    ...specRlimits(host.ulimits, options.defaultUlimits).warnings,
    ...specOomScoreAdj(host.oomScoreAdj).warnings,
  ];
  if (host.networkMode === 'host' && (host.portBindings.length > 0 || host.publishAllPorts)) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  const hostConfig: HostConfig = {
    ...host,
    resources: checked.resources,
    networkMode: byId(context, host, 'network') ?? (host.networkMode || 'default'),
    pidMode: byId(context, host, 'pid') ?? host.pidMode,
    ipcMode: byId(context, host, 'ipc') ?? (host.ipcMode || options.defaultIpcMode),
    cgroupnsMode: host.cgroupnsMode || options.defaultCgroupnsMode,
    logConfig: completeLogConfig(host.logConfig, options.logConfig),
    shmSize: host.shmSize || options.defaultShmSize || DEFAULT_SHM_SIZE,
    runtime: host.runtime || context.live.defaultRuntime,
    maskedPaths: host.maskedPaths ?? (open ? [] : maskedPaths),
    readonlyPaths: host.readonlyPaths ?? (open ? [] : readonlyPaths),
  };
  return { hostConfig, warnings };
}

/**
 * A container that is joined is noted by its id: its name may change. One whose network is joined may come until the
 * start. A create that answered "not found" would make clients look for an image. @throws invalid
 */
function byId(context: Context, host: HostConfig, kind: JoinKind): string | undefined {
  try {
    const found = donor(context, host, kind);
    return found && `container:${found.id}`;
  } catch (error) {
    if (!isKind(error, 'not-found')) throw error;
    if (kind === 'network') return undefined;
    throw invalid(messageOf(error), error);
  }
}

/** The engine's options go with the engine's driver only. */
function completeLogConfig(asked: LogConfig, defaults: LogConfig): LogConfig {
  if (asked.driver !== '' && asked.driver !== defaults.driver) return asked;
  return { driver: defaults.driver, options: { ...defaults.options, ...asked.options } };
}
