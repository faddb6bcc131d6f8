import { closeSync, openSync, readlinkSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, systemError } from '#lib/errors';
import type { IdRange } from '#linux/ids';
import { DirectSpawner, pipe, readLine, run, spawnProcess } from '#linux/process';
import type { Place } from './place.ts';
import type { Requirements } from './requirements.ts';

const PATIENCE_MS = 10_000;

/**
 * Starts the holder in new user and mount namespaces, with all of the user's ids, and waits until it is ready.
 * Returns nothing: the holder has written down who it is.
 * @throws system with what it, or what it needs, said
 */
export async function startHolder(place: Place, execRoot: string, needs: Requirements): Promise<void> {
  const [input, output] = [pipe(), pipe()];
  const log = openSync(place.log, 'a', 0o600);
  let pid: number;
  try {
    pid = spawnProcess({
      path: needs.unshare,
      argv: [...INTO_NAMESPACES, ...holderCommand(execRoot, needs)],
      env: environment(),
      fds: { 0: input.read, 1: output.write, 2: log },
      cwd: '/',
    });
  } catch (error) {
    for (const end of [input.write, output.read]) closeSync(end);
    throw error;
  } finally {
    for (const end of [input.read, output.write, log]) closeSync(end);
  }
  try {
    await entered(pid, place.log);
    await setIds(needs.newuidmap, pid, needs.uids);
    await setIds(needs.newgidmap, pid, needs.gids);
    writeSync(input.write, '\n');
  } catch (error) {
    // It has ended; what it said is read below.
    if (codeOf(error) !== 'EPIPE') {
      closeSync(output.read);
      throw error;
    }
  } finally {
    closeSync(input.write);
  }
  const answer = await readLine(output.read);
  if (answer !== 'ready') {
    throw systemError(
      `cannot make the namespaces of a rootless engine: ${answer || 'the holder ended'} (see ${place.log})`,
    );
  }
}

/** It waits for its ids: only then is it somebody, and may become root by an exec. */
const INTO_NAMESPACES = [
  ...'unshare --user --mount --propagation slave -- sh -c'.split(' '),
  'read _ && exec "$@"',
  'sh',
];

const holderCommand = (execRoot: string, { network }: Requirements): string[] => {
  const program = new URL('./holder.ts', import.meta.url).pathname;
  return [process.execPath, ...process.execArgv, program, execRoot, network.kind, network.path];
};

function environment(): string[] {
  return Object.entries(process.env).map(([name, value = '']) => `${name}=${value}`);
}

/** Until the process is in a user namespace of its own. @throws system */
async function entered(pid: number, log: string): Promise<void> {
  const ours = readlinkSync('/proc/self/ns/user');
  const deadline = performance.now() + PATIENCE_MS;
  for (let delay = 1; performance.now() < deadline; delay = Math.min(delay * 2, 50)) {
    try {
      if (readlinkSync(`/proc/${pid}/ns/user`) !== ours) return;
    } catch {
      // It has ended.
      break;
    }
    await sleep(delay);
  }
  throw systemError(
    `this host does not let ordinary users make user namespaces (see ${log}, and the sysctls user.max_user_namespaces, ` +
      'kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns)',
  );
}

/** By newuidmap(1) and newgidmap(1), which know what the user may have. */
async function setIds(program: string, pid: number, ranges: readonly IdRange[]): Promise<void> {
  const numbers = ranges.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]).map(String);
  const { code, stderr } = await run(new DirectSpawner(), {
    path: program,
    argv: [program, String(pid), ...numbers],
    env: [],
  });
  if (code !== 0) throw systemError(`${program} failed: ${stderr.toString().trim()}`);
}
