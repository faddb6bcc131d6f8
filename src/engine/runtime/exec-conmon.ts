import { closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { pipe, wait } from '#linux/process';
import { ENVIRONMENT, flags, runtimeArguments } from './command.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import type { ExecOptions } from './exec.ts';
import type { ExecDirectory } from './exec-directory.ts';
import { execError, readRuntimeLog } from './failure.ts';
import { parseAnswer } from './sync-answer.ts';

/** Descriptors of conmon's, as its environment names them. */
const SYNC = 3;
const START = 4;
const READY = 5;

/** An exec held by a conmon of its own. */
export interface ExecConmon {
  /** Resolves with the pid when the process runs. @throws RuntimeError */
  started(): Promise<number>;
  /** The exit code, once it has started. */
  exited(): Promise<number>;
}

/**
 * Spawns conmon, which runs `exec`. With `connect` it waits before that until `connect` has
 * connected to its attach socket, so that no output is missed.
 */
export async function spawnExecConmon(
  context: RuntimeContext,
  container: Container,
  directory: ExecDirectory,
  options: ExecOptions,
  connect?: () => void,
): Promise<ExecConmon> {
  const sync = pipe();
  const start = connect && pipe();
  const ready = connect && pipe();
  let spawned: number;
  try {
    spawned = await context.spawner.spawn({
      path: context.conmon,
      argv: conmonArguments(context, container, directory, options, connect !== undefined),
      env: [
        ...ENVIRONMENT,
        `_OCI_SYNCPIPE=${SYNC}`,
        ...(connect ? [`_OCI_STARTPIPE=${START}`, `_OCI_ATTACHPIPE=${READY}`] : []),
      ],
      fds: { [SYNC]: sync.write, ...(start && ready && { [START]: start.read, [READY]: ready.write }) },
      cwd: directory.path,
    });
  } catch (error) {
    for (const fd of [sync.read, start?.write, ready?.read]) if (fd !== undefined) closeSync(fd);
    await rm(directory.path, { recursive: true, force: true });
    throw error;
  } finally {
    for (const fd of [sync.write, start?.read, ready?.write]) if (fd !== undefined) closeSync(fd);
  }
  const answers = linesOf(sync.read);
  const command = options.process.args[0] ?? '';
  if (connect && start && ready) await connectInTime(start.write, linesOf(ready.read), connect);
  await wait(spawned);
  return {
    started: async () => {
      const answer = parseAnswer(await answers.next());
      if (answer && answer.data > 0) return answer.data;
      const failure = execError(readRuntimeLog(directory.runtimeLog) || answer?.message || '', command);
      await rm(directory.path, { recursive: true, force: true });
      throw failure;
    },
    exited: async () => {
      const code = parseAnswer(await answers.next())?.data ?? 137;
      // The last step, the execve, can fail after the runtime has reported success.
      const said = readRuntimeLog(directory.runtimeLog);
      await rm(directory.path, { recursive: true, force: true });
      return said.startsWith('exec') ? execError(said, command).exitCode : code;
    },
  };
}

/** conmon waits for a byte at its beginning, says when its socket listens, and waits for another one. */
async function connectInTime(startFd: number, ready: Lines, connect: () => void): Promise<void> {
  const start = new Socket({ fd: startFd, readable: false, writable: true }).on('error', () => {});
  try {
    start.write('1');
    if ((await ready.next()) !== '') connect();
    start.write('1');
  } finally {
    start.end();
  }
}

function conmonArguments(
  context: RuntimeContext,
  container: Container,
  directory: ExecDirectory,
  options: ExecOptions,
  attach: boolean,
): readonly string[] {
  const { name, runtime } = container.settings;
  return [
    'conmon',
    ...flags({
      '--api-version': '1',
      '-c': container.id,
      '-u': options.execId,
      '-n': name,
      '-r': context.sealed.path(runtime),
      '-b': directory.path,
      '-p': directory.pid,
      '-P': directory.conmonPid,
      '-l': 'none',
      '--log-level': 'error',
      '--exec-process-spec': directory.process,
    }),
    '--exec',
    '--full-attach',
    '--no-sync-log',
    ...(attach ? ['--exec-attach'] : []),
    ...(options.terminal ? ['-t'] : []),
    ...(options.stdin ? ['-i'] : []),
    ...runtimeArguments(context, runtime, directory.runtimeLog),
  ];
}

interface Lines {
  /** '' at the end. */
  next(): Promise<string>;
}

function linesOf(fd: number): Lines {
  const input = new Socket({ fd, readable: true, writable: false }).on('error', () => {});
  const lines = createInterface({ input })[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { value, done } = await lines.next();
      return done === true ? '' : String(value);
    },
  };
}
