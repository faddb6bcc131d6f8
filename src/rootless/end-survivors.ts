import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DirectSpawner, run } from '#linux/process';

const PATIENCE_MS = 5_000;

/**
 * Kills what still runs in the user namespace of a holder that is gone: nobody could get there again to look after it.
 * Most of these processes have other ids than the user, who only inside has power over them.
 */
export async function endSurvivors(userNamespace: string, nsenter: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let pids = membersOf(userNamespace); pids.length > 0; pids = membersOf(userNamespace)) {
    if (performance.now() > deadline) return;
    const [first = ''] = pids;
    await run(new DirectSpawner(), {
      path: nsenter,
      argv: ['nsenter', '--target', first, '--user', '--', 'sh', '-c', 'kill -9 "$@"', 'sh', ...pids],
      env: ['PATH=/usr/bin:/bin'],
    });
    await sleep(10);
  }
}

function membersOf(userNamespace: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readlinkSync(`/proc/${name}/ns/user`) === userNamespace;
    } catch {
      // Gone, a zombie, or somebody else's.
      return false;
    }
  });
}
