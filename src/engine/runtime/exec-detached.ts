import { closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { conflict } from '#lib/errors';
import { pipe, wait } from '#linux/process';
import { ENVIRONMENT, flags, runtimeArguments } from './command.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import { parseAnswer } from './create.ts';
import type { ExecDirectory, ExecOptions, ExecSession } from './exec.ts';
import { execError, readRuntimeLog } from './failure.ts';

/** Held by a conmon of its own, so that it outlives the daemon. Its output goes nowhere. */
export async function execDetached(
  context: RuntimeContext,
  container: Container,
  directory: ExecDirectory,
  options: ExecOptions,
  signal?: AbortSignal,
): Promise<ExecSession> {
  const command = options.process.args[0] ?? '';
  const answers = await runConmon(context, container, directory, options);
  const first = parseAnswer(await answers.next());
  signal?.throwIfAborted();
  if (!first || first.data <= 0) {
    const failure = execError(readRuntimeLog(directory.runtimeLog) || first?.message || '', command);
    await rm(directory.path, { recursive: true, force: true });
    throw failure;
  }
  return {
    pid: first.data,
    stdin: undefined,
    stdout: undefined,
    stderr: undefined,
    resize: async () => {
      throw conflict(`exec ${options.execId} is detached`);
    },
    exited: exitCode(answers, directory, command),
  };
}

async function exitCode(answers: Lines, directory: ExecDirectory, command: string): Promise<number> {
  const code = parseAnswer(await answers.next())?.data ?? 137;
  const said = readRuntimeLog(directory.runtimeLog);
  await rm(directory.path, { recursive: true, force: true });
  return said.startsWith('exec') ? execError(said, command).exitCode : code;
}

interface Lines {
  /** '' at the end. */
  next(): Promise<string>;
}

/** conmon answers twice: the pid, and at the end the exit code. */
async function runConmon(
  context: RuntimeContext,
  container: Container,
  directory: ExecDirectory,
  options: ExecOptions,
): Promise<Lines> {
  const { runtime } = container.settings;
  const sync = pipe();
  let spawned: number;
  try {
    spawned = await context.spawner.spawn({
      path: context.conmon,
      argv: [
        'conmon',
        ...flags({
          '--api-version': '1',
          '-c': container.id,
          '-u': options.execId,
          '-n': container.settings.name,
          '-r': runtime.path,
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
        ...(options.terminal ? ['-t'] : []),
        ...runtimeArguments(context, runtime, directory.runtimeLog),
      ],
      env: [...ENVIRONMENT, '_OCI_SYNCPIPE=3'],
      fds: { 3: sync.write },
      cwd: directory.path,
    });
  } catch (error) {
    closeSync(sync.read);
    await rm(directory.path, { recursive: true, force: true });
    throw error;
  } finally {
    closeSync(sync.write);
  }
  const lines = createInterface({
    input: new Socket({ fd: sync.read, readable: true, writable: false }).on('error', () => {}),
  })[Symbol.asyncIterator]();
  await wait(spawned);
  return {
    next: async () => {
      const { value, done } = await lines.next();
      return done === true ? '' : String(value);
    },
  };
}
