import type { ImageConfig } from '#engine/images';
import { type Context, lockContainer } from './context.ts';
import { portWithProtocol } from './merge.ts';
import { expectWorking } from './working.ts';

export interface WorkingChanges {
  /** Taken out first. */
  readonly remove?: ConfigRemovals;
  /** Dockerfile instructions: `CMD ["x"]`, `ENV a=b`. */
  readonly changes: readonly string[];
}

/** Names of what the image shall not have any more; `*` for all. */
export interface ConfigRemovals {
  readonly env?: readonly string[];
  readonly labels?: readonly string[];
  readonly exposedPorts?: readonly string[];
  readonly volumes?: readonly string[];
}

/** Changes the configuration of the image that a working container becomes. @throws notFound, invalid, conflict */
export async function configureWorking(
  context: Context,
  reference: string,
  { remove = {}, changes }: WorkingChanges,
): Promise<ImageConfig> {
  using locked = await lockContainer(context, reference);
  const working = expectWorking(locked.record);
  const config = context.options.images.applyChanges(without(working.config, remove), changes);
  context.store.save({ ...locked.record, working: { ...working, config } }, { action: 'update' });
  return config;
}

export function without(config: ImageConfig, removals: ConfigRemovals): ImageConfig {
  const { env = [], labels = [], exposedPorts = [], volumes = [] } = removals;
  const ports = exposedPorts.map((port) => (port === '*' ? port : portWithProtocol(port)));
  const stays = (names: readonly string[]) => (name: string) => !names.includes(name) && !names.includes('*');
  const staysInEnv = stays(env);
  const staysInLabels = stays(labels);
  return {
    ...config,
    env: config.env.filter((variable) => staysInEnv(variable.split('=', 1)[0] ?? '')),
    labels: Object.fromEntries(Object.entries(config.labels).filter(([name]) => staysInLabels(name))),
    exposedPorts: config.exposedPorts.filter(stays(ports)),
    volumes: config.volumes.filter(stays(volumes)),
  };
}
