import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

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
  // A process group of its own: a Ctrl-C ends the benchmark, which then ends its daemons.
  const daemon = spawn(file, args, { stdio: ['ignore', log, log], detached: true });
  const failed = new Promise<never>((_, reject) => daemon.once('error', reject));
  closeSync(log);
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await Promise.race([accepts(socket), failed]))) {
    if (daemon.exitCode !== null || performance.now() > deadline) {
      daemon.kill('SIGKILL');
      throw new Error(`${file} did not start:\n${readFileSync(logFile, 'utf8')}`);
    }
    await sleep(50);
  }
  return daemon;
}

export async function stopDaemon(daemon: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill(signal);
  const impatient = setTimeout(() => daemon.kill('SIGKILL'), PATIENCE_MS);
  await ended;
  clearTimeout(impatient);
}

/** Process ids, by the beginning of the command line and a word that it has. */
export function processesCalled(program: RegExp, word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return program.test(commandLine) && commandLine.includes(word);
      } catch {
        // It ended while we looked.
        return false;
      }
    })
    .map(Number);
}
