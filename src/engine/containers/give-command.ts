import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { ImageConfig } from '#engine/images';
import { validateLogConfig } from '#engine/logs';
import { invalid } from '#lib/errors';
import { Scope } from '#lib/scope';
import { type Context, lockContainer } from './context.ts';
import { type CreateRequest, withDefaults } from './create.ts';
import { createVolumes } from './create-volumes.ts';
import { initialEndpoints } from './endpoints.ts';
import { completeHostConfig } from './host-config.ts';
import { commandLine, mergeConfig } from './merge.ts';
import { type MountPlan, planMounts } from './mounts.ts';
import type { ContainerRecord } from './record.ts';
import { validate } from './validate.ts';
import { expectIdle, expectWorking, WORKING_LABEL } from './working.ts';

/**
 * Gives a working container the command that its next start runs, with all that a create may say: mounts, networks,
 * limits. Only for that run; files alone stay of it. The ticket is what the start must show, so that nobody's start
 * runs somebody else's command.
 * @throws notFound, invalid, conflict
 */
export async function giveCommand(
  context: Context,
  reference: string,
  request: Omit<CreateRequest, 'name' | 'build'>,
): Promise<{ ticket: string; warnings: string[] }> {
  using locked = await lockContainer(context, reference);
  const { record } = locked;
  const working = expectWorking(record);
  expectIdle(record);
  const asked = withDefaults(forOneRun(request, record));
  const merged = mergeConfig(asked.config, forCommands(working.config));
  validate(merged, asked.hostConfig, asked.endpoints, {
    runtimes: context.options.runtimes.names(),
    systemdCgroup: context.options.systemdCgroup,
    remaps: context.options.userns.remap !== undefined,
  });
  const config = { ...merged, hostname: merged.hostname || record.config.hostname };
  const { path, args } = commandLine(config);
  const { hostConfig, warnings } = completeHostConfig(context, asked.hostConfig);
  validateLogConfig(hostConfig.logConfig);
  const plan = planMounts(config, hostConfig, (name) => context.store.get(name), {
    readOnlyNonRecursive: request.readOnlyNonRecursive,
  });
  checkMounts(plan);
  await using scope = new Scope();
  const mounts = plan.length > 0 ? await createVolumes(context, record.id, plan, scope) : [];
  const ticket = randomUUID();
  const targets = [...mounts.map(({ destination }) => destination), ...Object.keys(hostConfig.tmpfs)];
  const mountPoints = new Set([
    ...working.mountPoints,
    ...targets.map((path) => posix.resolve(path).slice(1)),
  ]);
  const endpoints = initialEndpoints(context.options.networks, config, hostConfig, asked.endpoints);
  context.store.save({
    ...context.store.get(record.id),
    config,
    hostConfig,
    endpoints,
    path,
    args,
    mounts,
    working: { ...working, mountPoints: [...mountPoints], ticket },
  });
  scope.keep();
  return { ticket, warnings };
}

/** What belongs to the container and not to a command stays as it is. */
function forOneRun(
  request: Omit<CreateRequest, 'name' | 'build'>,
  { config, hostConfig }: ContainerRecord,
): Omit<CreateRequest, 'name' | 'build'> {
  const from = config.labels[WORKING_LABEL] ?? '';
  return {
    ...request,
    config: {
      ...request.config,
      image: config.image,
      labels: { ...request.config.labels, [WORKING_LABEL]: from },
    },
    hostConfig: {
      ...request.hostConfig,
      autoRemove: false,
      restartPolicy: { name: 'no', maximumRetryCount: 0 },
      usernsMode: hostConfig.usernsMode,
      storageOptions: hostConfig.storageOptions,
    },
  };
}

/** Of the image's configuration only what a build step runs with, too. */
const forCommands = ({ user, env, workingDir, shell }: ImageConfig): ImageConfig => ({
  user,
  env,
  workingDir,
  shell,
  entrypoint: undefined,
  cmd: undefined,
  exposedPorts: [],
  volumes: [],
  labels: {},
  stopSignal: undefined,
  healthcheck: undefined,
  onBuild: undefined,
});

/** Nothing that would have to be removed with the container: it outlives the run. @throws invalid */
function checkMounts(plan: MountPlan): void {
  for (const { type, destination, anonymous } of plan) {
    if (type === 'image' || anonymous) {
      throw invalid(
        `${destination}: a command of a working container can mount directories of the host, named volumes and tmpfs, no ${type === 'image' ? 'images' : 'anonymous volumes'}`,
      );
    }
  }
}
