import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const accepts = (socket: string) =>
  new Promise<boolean>((resolve) => {
    const probe = connect(socket, () => resolve(true)).on('error', () => resolve(false));
    probe.on('connect', () => probe.destroy());
  });

/** Starts a daemon and waits until its socket accepts. */
export async function startDaemon(
  argv: readonly string[],
  socket: string,
  logFile: string,
): Promise<ChildProcess> {
  const log = openSync(logFile, 'a');
  const [file = '', ...args] = argv;
  const daemon = spawn(file, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  for (let waited = 0; !(await accepts(socket)); waited += 50) {
    if (daemon.exitCode !== null || waited > 60_000)
      throw new Error(`${file} did not start:\n${readFileSync(logFile, 'utf8')}`);
    await sleep(50);
  }
  return daemon;
}

export async function stopDaemon(daemon: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill(signal);
  await ended;
}
