import type { Readable, Writable } from 'node:stream';
import { type ExecSession, RuntimeError } from '#engine/runtime';
import { conflict, invalid } from '#lib/errors';
import { newId } from '#lib/ids';
import type { Process } from '#oci/runtime-spec';
import type { Context } from './context.ts';
import { DEFAULT_EXEC } from './defaults.ts';
import { environment, overlayEnvironment } from './environment.ts';
import type { Exec, ExecConfig, ExecRecord } from './exec-table.ts';
import { hostnameOf } from './joined-containers.ts';
import { liveLinkedEnvironment } from './links.ts';
import { Output } from './output.ts';
import { apparmorProfile, privilegesOf } from './privileges.ts';
import type { ContainerRecord } from './record.ts';
import { capabilitySets, specRlimits } from './spec-process.ts';
import { resolveUser } from './user.ts';

/** Docker's exit code of a command that could not be run. */
const NOT_RUNNABLE = 126;

/** What is left out is as in `defaults.ts`. */
export type ExecRequest = Partial<ExecConfig> & Pick<ExecConfig, 'cmd'>;

export interface ExecStartOptions {
  /** Nobody attaches: the call resolves as soon as it runs. */
  readonly detach: boolean;
  readonly tty?: boolean;
  /** Rows, columns. */
  readonly consoleSize?: readonly [number, number];
}
/** An exec that runs, with its streams; `output` as in Attachment. */
export interface ExecSessionView extends AsyncDisposable {
  readonly tty: boolean;
  readonly output: Readable;
  readonly stdin: Writable | undefined;
  readonly exited: Promise<number>;
  /** Says that its user left by the detach keys. */
  noteDetach(): void;
}

/** @throws notFound, invalid, conflict when the container does not run */
export async function createExec(context: Context, reference: string, request: ExecRequest): Promise<string> {
  const record = context.store.get(reference);
  requireRunning(record);
  if (request.cmd.length === 0) throw invalid('No exec command specified');
  context.options.runtimes.expectStart();
  const config = { ...DEFAULT_EXEC, ...request };
  const id = newId();
  context.execs.add(id, record.id, config);
  context.store.remember({ ...record, execIds: [...record.execIds, id] });
  context.store.announce(record, announcement('exec_create', id, config));
  return id;
}

/**
 * Runs it. With `detach` there is nobody to read: undefined.
 * @throws notFound, conflict when it has run already, invalid when there is no such executable
 */
export async function startExec(
  context: Context,
  execId: string,
  options: ExecStartOptions,
): Promise<ExecSessionView | undefined> {
  const { exec, record } = startable(context, execId);
  context.execs.markStarting(execId);
  context.store.announce(record, announcement('exec_start', execId, exec.config));
  let session: ExecSession;
  try {
    session = await run(context, record, exec, options);
  } catch (error) {
    throw failed(context, exec, error);
  }
  context.execs.markRunning(execId, session);
  const exited = session.exited.then((code) => {
    ended(context, exec, code);
    return code;
  });
  if (options.detach) {
    session.stdout?.resume();
    session.stderr?.resume();
    return undefined;
  }
  const noteDetach = () =>
    context.store.announce(record, { action: 'exec_detach', attributes: { execID: execId } });
  return view(session, exec.config, exited, noteDetach);
}

/** @throws notFound, conflict when it cannot be started now, or never again */
export function startable(context: Context, execId: string): { exec: Exec; record: ContainerRecord } {
  const exec = context.execs.get(execId);
  if (exec.running) throw conflict(`exec command ${execId} is already running`);
  if (exec.exitCode !== undefined) throw conflict(`exec command ${execId} has already run`);
  const record = context.store.get(exec.containerId);
  requireRunning(record);
  return { exec, record };
}

async function run(
  context: Context,
  record: ContainerRecord,
  exec: Exec,
  options: ExecStartOptions,
): Promise<ExecSession> {
  const { config } = exec;
  const apparmor = apparmorProfile(record.hostConfig, context.options.apparmor);
  await context.options.apparmor.prepare(apparmor);
  const size = options.consoleSize ?? config.consoleSize;
  return context.options.runtimes.exec({
    containerId: record.id,
    execId: exec.id,
    process: { ...execProcess(context, record, config, apparmor), ...sized(config.tty, size) },
    terminal: config.tty,
    stdin: config.attachStdin && !options.detach,
    ...(size === undefined ? {} : { size }),
    detached: options.detach,
  });
}

/** For runtimes that give a terminal its size before anybody can ask for it: crun does not for an exec. */
const sized = (tty: boolean, [height, width]: readonly [number, number] | readonly [] = []) =>
  tty && height !== undefined && width !== undefined ? { consoleSize: { height, width } } : {};

/**
 * The container's own process, with what the exec says differently. Its AppArmor profile is the container's even when
 * the exec is privileged, as Docker has it.
 */
function execProcess(
  context: Context,
  record: ContainerRecord,
  config: ExecConfig,
  apparmor: string | undefined,
): Process {
  const { defaultNoNewPrivileges, defaultUlimits } = context.options;
  const host = record.hostConfig;
  const privileges = privilegesOf(
    { ...host, privileged: host.privileged || config.privileged },
    defaultNoNewPrivileges,
  );
  // The container's own view: what it mounts over its files counts, unlike at its start.
  const root = `/proc/${record.state.process?.pid ?? 0}/root`;
  const user = resolveUser(root, config.user || record.config.user, host.groupAdd);
  const base = environment(
    { env: record.config.env, tty: config.tty },
    {
      hostname: hostnameOf(context, record),
      home: user.home,
      linked: liveLinkedEnvironment(context, record),
    },
  );
  return {
    terminal: config.tty,
    user: {
      uid: user.uid,
      gid: user.gid,
      additionalGids: user.additionalGids,
      ...(host.umask === undefined ? {} : { umask: host.umask }),
    },
    args: config.cmd,
    env: overlayEnvironment(base, config.env),
    cwd: config.workingDir || record.config.workingDir || '/',
    capabilities: capabilitySets(privileges.capabilities),
    rlimits: specRlimits(host.ulimits, defaultUlimits).rlimits,
    noNewPrivileges: privileges.noNewPrivileges,
    ...(apparmor === undefined ? {} : { apparmorProfile: apparmor }),
  };
}

function view(
  session: ExecSession,
  config: ExecConfig,
  exited: Promise<number>,
  noteDetach: () => void,
): ExecSessionView {
  const output = new Output();
  const { stdin, stdout, stderr } = session;
  if (stdout)
    output.add(stdout, (data: Buffer) => (wants(config, 'stdout') ? { stream: 'stdout', data } : undefined));
  if (stderr)
    output.add(stderr, (data: Buffer) => (wants(config, 'stderr') ? { stream: 'stderr', data } : undefined));
  if (!stdout && !stderr) void exited.finally(() => output.finish());
  stdin?.on('error', () => {});
  return {
    tty: config.tty,
    output,
    stdin: config.attachStdin ? stdin : undefined,
    exited,
    noteDetach,
    async [Symbol.asyncDispose]() {
      output.destroy();
      stdin?.destroy();
    },
  };
}

const wants = (config: ExecConfig, stream: 'stdout' | 'stderr'): boolean =>
  config.tty || (stream === 'stdout' ? config.attachStdout : config.attachStderr);

function ended(context: Context, exec: Exec, exitCode: number): void {
  const record = forget(context, exec, exitCode);
  const attributes = { execID: exec.id, exitCode: String(exitCode) };
  if (record) context.store.announce(record, { action: 'exec_die', attributes });
}

/** It was announced, and dies unannounced: it never lived. */
function failed(context: Context, exec: Exec, error: unknown): unknown {
  forget(context, exec, error instanceof RuntimeError ? error.exitCode : NOT_RUNNABLE);
  return error;
}

/** It runs no more; its container, if that is still there. */
function forget(context: Context, { id, containerId }: Exec, exitCode: number): ContainerRecord | undefined {
  context.execs.markEnded(id, exitCode);
  const record = context.store.byId(containerId);
  if (record) {
    context.store.remember({ ...record, execIds: record.execIds.filter((other) => other !== id) });
  }
  return record;
}

/** @throws notFound */
export function getExec(context: Context, execId: string): ExecRecord {
  const { session: _session, endedAt: _endedAt, ...record } = context.execs.get(execId);
  return record;
}

/** @throws notFound, conflict when it does not run */
export async function resizeExec(
  context: Context,
  execId: string,
  rows: number,
  columns: number,
): Promise<void> {
  const { session, config } = context.execs.get(execId);
  if (!session) throw conflict(`exec ${execId} is not running`);
  // As with a container: what has no terminal has nothing that could have another size.
  if (config.tty) await session.resize(rows, columns);
}

function requireRunning({ id, state }: ContainerRecord): void {
  if (state.status === 'paused') {
    throw conflict(`container ${id} is paused, unpause the container before exec`);
  }
  if (state.status === 'restarting') {
    throw conflict(`Container ${id} is restarting, wait until the container is running`);
  }
  if (state.status !== 'running') throw conflict(`container ${id} is not running`);
}

/** The program, a space, its arguments: Docker leaves the space there when there are none. */
const announcement = (action: string, execID: string, { cmd: [program = '', ...args] }: ExecConfig) => ({
  action: `${action}: ${program} ${args.join(' ')}`,
  attributes: { execID },
});
