import { closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '#lib/errors';
import { ProcessHandle, pipe, signalNumber, wait } from '#linux/process';
import { isCrun } from './binary.ts';
import { readText } from './bundle.ts';
import { ENVIRONMENT, flags, globalArguments } from './command.ts';
import type { Container } from './container.ts';
import type { RuntimeContext } from './context.ts';
import type { ExecOptions } from './exec.ts';
import type { ExecDirectory } from './exec-directory.ts';
import { execError, readRuntimeLog } from './failure.ts';

/** The descriptor that the runtime holds for as long as it lives. */
const LIFE = 3;
const SIGKILL = signalNumber('KILL');

/** A `<runtime> exec` in the foreground: it ends with the process in the container, and with its code. */
export interface ExecProcess {
  readonly pid: number;
  readonly exited: Promise<number>;
}

/**
 * Spawns `exec` and waits until the process runs in the container.
 * @param fds the runtime's descriptors 0 to 2; closed here when they have been handed over
 * @throws RuntimeError, cancelled
 */
export async function spawnExec(
  context: RuntimeContext,
  container: Container,
  directory: ExecDirectory,
  options: ExecOptions,
  fds: Readonly<Record<number, number>>,
  extra: readonly string[],
  signal?: AbortSignal,
): Promise<ExecProcess> {
  const { runtime } = container.settings;
  const command = options.process.args[0] ?? '';
  const life = pipe();
  // crun writes its pid file at once and in place, so it may be a pipe: no polling.
  const pidFile = isCrun(runtime) ? `/proc/self/fd/${LIFE}` : directory.pid;
  let spawned: number;
  try {
    spawned = await context.spawner.spawn({
      path: context.sealed.path(runtime),
      argv: [
        runtime.name,
        ...globalArguments(context, runtime, directory.runtimeLog),
        'exec',
        ...flags({ '--process': directory.process, '--pid-file': pidFile }),
        ...extra,
        container.id,
      ],
      env: ENVIRONMENT,
      fds: { ...fds, [LIFE]: life.write },
    });
  } catch (error) {
    closeSync(life.read);
    await rm(directory.path, { recursive: true, force: true });
    throw error;
  } finally {
    closeSync(life.write);
    for (const fd of Object.values(fds)) closeSync(fd);
  }
  const line = new LifeLine(life.read);
  const running = isCrun(runtime) ? line.pid : pollPid(directory.pid, line);
  // Not before the pid is known: the end removes the files that tell it.
  const ended = Promise.all([running, line.ended]).then(() => finish(spawned, directory));
  const exited = ended.then(({ code, said }) =>
    said.startsWith('exec') ? execError(said, command).exitCode : code,
  );
  // Whoever fails to start it is told so below; nobody else may be waiting.
  exited.catch(() => {});
  const given = Promise.withResolvers<never>();
  const giveUp = () => given.reject(cancelled());
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    const pid = await Promise.race([running, given.promise]);
    if (pid !== undefined) return { pid, exited };
  } catch (error) {
    using handle = ProcessHandle.open(spawned);
    handle?.signal(SIGKILL);
    await ended;
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
  throw execError((await ended).said, command);
}

/** The read end of the pipe that the runtime holds: its pid file, and at its end the runtime's end. */
class LifeLine {
  /** Undefined when the runtime ended without one. */
  readonly pid: Promise<number | undefined>;
  readonly ended: Promise<void>;

  constructor(fd: number) {
    // As with exits of containers: not what keeps a process from ending that has closed its engine.
    const socket = new Socket({ fd, readable: true, writable: false }).unref();
    const pid = Promise.withResolvers<number | undefined>();
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (/^\d+/.test(text)) pid.resolve(Number.parseInt(text, 10));
    });
    socket.on('error', () => socket.destroy());
    this.ended = new Promise((resolve) => socket.on('close', () => resolve()));
    void this.ended.then(() => pid.resolve(undefined));
    this.pid = pid.promise;
  }
}

/** For runtimes that make their pid file under another name first. */
async function pollPid(file: string, line: LifeLine): Promise<number | undefined> {
  let over = false;
  void line.ended.then(() => (over = true));
  for (let delay = 2; ; delay = Math.min(delay * 2, 50)) {
    const ended = over;
    const pid = Number(readText(file) ?? '');
    if (pid > 0) return pid;
    if (ended) return undefined;
    await sleep(delay);
  }
}

/** `said`: the last step, the execve, can fail after the runtime has reported success. */
async function finish(spawned: number, directory: ExecDirectory): Promise<{ code: number; said: string }> {
  const status = await wait(spawned);
  const said = readRuntimeLog(directory.runtimeLog);
  await rm(directory.path, { recursive: true, force: true });
  return { code: status?.code ?? 137, said };
}
