import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BPF_ANNOTATION } from '#engine/security';
import { cancelled, conflict, messageOf } from '#lib/errors';
import { Scope } from '#lib/scope';
import { Cgroup, mountNamespaceOf } from '#linux/cgroups';
import { ProcessHandle, type ProcessIdentity, pipe, readLine, wait } from '#linux/process';
import type { Spec } from '#oci/runtime-spec';
import { isCrun } from './binary.ts';
import { Bundle, readText, type Settings } from './bundle.ts';
import { expectedCgroup } from './cgroup.ts';
import { criuReason, requireCheckpoints } from './checkpoint.ts';
import { ENVIRONMENT, flags, runtimeArguments } from './command.ts';
import { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { deleteContainer } from './delete.ts';
import { createError, type RuntimeError, readRuntimeLog, verbError } from './failure.ts';
import { parseAnswer, type SyncAnswer } from './sync-answer.ts';

export interface CreateOptions {
  readonly id: string;
  readonly name: string;
  /** A runtime's name; undefined = default. @throws invalid `unknown or invalid runtime name: x` */
  readonly runtime?: string | undefined;
  readonly spec: Spec;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  /** stdin closes when the first attached client that has it goes (Docker's StdinOnce). Never for terminals. */
  readonly stdinOnce: boolean;
  /** conmon's -l and --log-* arguments. */
  readonly logArguments: readonly string[];
  /** CRIU's images: the process goes on from there, and is running at once. @throws unsupported */
  readonly checkpoint?: string | undefined;
}

export interface Running {
  readonly identity: ProcessIdentity;
  readonly conmonPid: number;
}

/**
 * Writes the bundle, spawns conmon, which runs `create`, and waits for its answer. The bundle says
 * all that a later daemon needs to find or remove what was made; a failure leaves nothing.
 * @throws RuntimeError, conflict, invalid, cancelled
 */
export async function createContainer(
  context: RuntimeContext,
  options: CreateOptions,
  signal?: AbortSignal,
): Promise<Running> {
  const { id } = options;
  const bundle = new Bundle(context.paths.bundle(id));
  const settings = settingsOf(context, options);
  if (context.containers.has(id) || bundle.exists())
    throw conflict(`container ${id} exists already in the runtime`);
  if (options.checkpoint !== undefined) await requireCheckpoints(context, settings.runtime);
  let settled = false;
  await using scope = new Scope();
  scope.defer(() => removeHalfMade(context, id, settled));
  noteNewCgroup(context, settings);
  bundle.write(isCrun(settings.runtime) ? withoutCompiledCalls(options.spec) : options.spec, settings);

  const answer = await runConmon(context, options, bundle, settings, signal);
  settled = answer !== undefined;
  const init = answer && answer.data > 0 ? ProcessHandle.open(answer.data) : undefined;
  if (!init) throw failure(options, bundle, settings, answer);
  const conmonPid = bundle.pid(bundle.conmonPid) ?? 0;
  const conmon = conmonPid > 0 ? ProcessHandle.open(conmonPid) : undefined;
  bundle.writeProcesses({
    init: init.identity,
    conmon: conmon?.identity,
    ...(settings.withoutCgroup && { mountNamespace: mountNamespaceOf(init.identity.pid) }),
  });
  context.containers.set(id, new Container(context, id, bundle, settings, { init, conmon }));
  scope.keep();
  return { identity: init.identity, conmonPid };
}

/** The caller is told why the create failed, not why something of it is still there: the next sweep removes that. */
async function removeHalfMade(context: RuntimeContext, id: string, settled: boolean): Promise<void> {
  try {
    await deleteContainer(context, id, { settled });
  } catch (error) {
    context.log.warn(`cannot remove what a failed create left: ${messageOf(error)}`, { id });
  }
}

function settingsOf(context: RuntimeContext, options: CreateOptions): Settings {
  const { linux, hooks } = options.spec;
  const pids = linux?.namespaces?.find((namespace) => namespace.type === 'pid');
  return {
    name: options.name,
    runtime: context.binaries.get(options.runtime),
    systemdCgroup: context.systemdCgroup,
    ...(context.withoutCgroups && { withoutCgroup: true }),
    cgroupsPath: linux?.cgroupsPath ?? `/${options.id}`,
    terminal: options.terminal,
    openStdin: options.openStdin,
    stdinOnce: options.stdinOnce,
    sharesPids: !pids || pids.path !== undefined,
    hooks: { poststart: (hooks?.poststart ?? []).length > 0, poststop: (hooks?.poststop ?? []).length > 0 },
  };
}

/** crun takes the compiled filter and does not look at the calls; to parse them takes it a tenth of a create. */
function withoutCompiledCalls(spec: Spec): Spec {
  const { annotations, linux } = spec;
  if (!linux?.seccomp || annotations?.[BPF_ANNOTATION] === undefined) return spec;
  return { ...spec, linux: { ...linux, seccomp: { ...linux.seccomp, syscalls: [] } } };
}

/** The runtime makes the parents of a cgroup too; what was not there before us is removed with the last container. */
function noteNewCgroup(context: RuntimeContext, settings: Settings): void {
  if (settings.systemdCgroup || settings.withoutCgroup) return;
  const parent = dirname(expectedCgroup(settings));
  const note = join(context.paths.cgroups, encodeURIComponent(parent));
  if (parent === '/' || existsSync(note) || new Cgroup(parent).exists()) return;
  mkdirSync(context.paths.cgroups, { recursive: true });
  writeFileSync(note, '');
}

const isRemapped = ({ linux }: Spec): boolean =>
  linux?.namespaces?.some(({ type }) => type === 'user') ?? false;

/** Undefined when conmon died without an answer. */
async function runConmon(
  context: RuntimeContext,
  options: CreateOptions,
  bundle: Bundle,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<SyncAnswer | undefined> {
  if (signal?.aborted) throw cancelled();
  using handedOver = new DisposableStack();
  const errors = openSync(bundle.conmonLog, 'w', 0o600);
  handedOver.defer(() => closeSync(errors));
  const sync = pipe();
  handedOver.defer(() => closeSync(sync.write));
  let spawned: number;
  try {
    const spawner = isRemapped(options.spec) ? await context.guarded.get() : context.spawner;
    spawned = await spawner.spawn({
      path: context.conmon,
      argv: conmonArguments(context, options, bundle, settings),
      env: [...ENVIRONMENT, '_OCI_SYNCPIPE=3'],
      fds: { 2: errors, 3: sync.write },
      // conmon marks an out-of-memory kill by a file where it is.
      cwd: bundle.path,
    });
  } catch (error) {
    closeSync(sync.read);
    throw error;
  }
  // Only conmon may hold the other end: it is how we hear of its death.
  handedOver.dispose();
  try {
    return parseAnswer(await readLine(sync.read, signal));
  } finally {
    // The one that we started has forked the real conmon and ended long ago: it only has to be reaped.
    await wait(spawned);
  }
}

function conmonArguments(
  context: RuntimeContext,
  options: CreateOptions,
  bundle: Bundle,
  settings: Settings,
): readonly string[] {
  const { id, name } = options;
  const keepsStdin = settings.terminal || !settings.stdinOnce;
  return [
    'conmon',
    ...flags({
      '--api-version': '1',
      '-c': id,
      '-u': id,
      '-n': name,
      '-r': context.sealed.path(settings.runtime),
      '-b': bundle.path,
      '-p': bundle.initPid,
      '-P': bundle.conmonPid,
      '--exit-dir': context.exits.path,
      '--log-level': 'error',
    }),
    // The attach socket in the bundle itself, however long its path.
    '--full-attach',
    // Else the end of every container waits for the disk.
    '--no-sync-log',
    ...options.logArguments,
    ...(options.checkpoint === undefined ? [] : ['--restore', options.checkpoint]),
    ...(settings.systemdCgroup ? ['-s'] : []),
    ...(settings.terminal ? ['-t'] : []),
    ...(settings.openStdin ? ['-i'] : []),
    ...(settings.openStdin && keepsStdin ? ['--leave-stdin-open'] : []),
    ...runtimeArguments(context, settings.runtime, bundle.runtimeLog),
  ];
}

function failure(
  options: CreateOptions,
  bundle: Bundle,
  settings: Settings,
  answer: SyncAnswer | undefined,
): RuntimeError {
  const said = readRuntimeLog(bundle.runtimeLog) || answer?.message || readText(bundle.conmonLog) || '';
  if (options.checkpoint !== undefined) {
    return verbError('restore', settings.runtime.name, criuReason(join(bundle.path, 'restore.log')) ?? said);
  }
  return createError(settings.runtime.name, said, options.spec.process?.args[0] ?? '');
}
