import { MOUNT_POINTS } from '#engine/containers';
import { invalid } from '#lib/errors';
import { Scope } from '#lib/scope';
import { now } from '#lib/time';
import type { Filesystem } from '../cache.ts';
import type { BuildSession } from '../session.ts';
import type { RunStep, Step } from '../step.ts';
import { type ReadyMounts, readyMounts } from './ready-mounts.ts';

/** A command of a build that failed. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed';
  readonly exitCode: number;
  readonly command: readonly string[];

  constructor(message: string, exitCode: number, command: readonly string[]) {
    super(message);
    this.command = command;
    this.exitCode = exitCode;
  }
}

/** RUN: a container on the base, what it prints, and its changes as a layer. Nothing of it stays, however it ends. */
export async function runStep(
  session: BuildSession,
  step: RunStep,
  base: Filesystem,
  inputs: ReadonlyMap<Step, Filesystem>,
): Promise<Filesystem> {
  const { containers, images, work, signal } = session;
  await using scope = new Scope();
  const mounts = await readyMounts(session, step, inputs, scope);
  const id = await create(session, step, base, mounts);
  scope.defer(() => containers.remove(id, { force: true, volumes: true }));
  await run(session, step, id);
  const layer = await images.addSnapshot(
    work,
    base.layers,
    { id, mountPoints: [...MOUNT_POINTS, ...mounts.points] },
    signal,
  );
  return { layers: layer ? [...base.layers, layer] : base.layers, created: now() };
}

async function create(
  { containers, limits, signal }: BuildSession,
  step: RunStep,
  base: Filesystem,
  { specs, env }: ReadyMounts,
): Promise<string> {
  const { ulimits, extraHosts, shmSize, cgroupParent, ...resources } = limits;
  const { id } = await containers.create(
    {
      build: { layers: base.layers.map(({ chainId }) => chainId).toReversed() },
      config: {
        image: '',
        entrypoint: [],
        cmd: step.command,
        env: [...step.env, ...env],
        user: step.user,
        workingDir: step.workingDir,
        hostname: 'buildkitsandbox',
      },
      hostConfig: {
        networkMode: step.network,
        privileged: step.privileged,
        mounts: specs,
        logConfig: { driver: 'none', options: {} },
        resources,
        ulimits,
        extraHosts,
        shmSize,
        cgroupParent,
      },
    },
    signal,
  );
  return id;
}

async function run(session: BuildSession, step: RunStep, id: string): Promise<void> {
  const { containers, signal, onEvent } = session;
  await using attached = await containers.attach(id, {
    stdin: false,
    stdout: true,
    stderr: true,
    logs: false,
    stream: true,
  });
  const read = (async () => {
    for await (const { stream, data } of attached.output) onEvent({ type: 'output', step, stream, data });
  })();
  const ended = containers.wait(id, 'next-exit', signal);
  // Looked at below; a start that fails comes first.
  ended.catch(() => {});
  await containers.start(id);
  const { exitCode, error } = await ended;
  await read;
  if (error !== '') throw invalid(error);
  if (exitCode === 0) return;
  const oom = containers.get(id).state.oomKilled ? ' (it was killed for want of memory)' : '';
  throw new RunFailed(
    `The command '${step.command.join(' ')}' returned a non-zero code: ${exitCode}${oom}`,
    exitCode,
    step.command,
  );
}
