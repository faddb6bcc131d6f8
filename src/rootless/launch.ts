import { closeSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { conflict, invalid } from '#lib/errors';
import { tryLock } from '#linux/files';
import { endSurvivors } from './end-survivors.ts';
import { isAlive, Place } from './place.ts';
import { findRequirements } from './requirements.ts';
import { startHolder } from './start-holder.ts';

/** Set for the daemon that runs in a holder's namespaces. */
export const INSIDE = 'BERTH_ROOTLESS_HOLDER';

const PATIENCE_MS = 20_000;

/**
 * Starts this program again as root of a user namespace, in a network of its own: the one that containers of an
 * earlier engine run in, if there are any. It stays the same process. Never returns.
 * @throws invalid, unavailable, system
 */
export async function launchRootless({
  execRoot,
  dataRoot,
}: {
  execRoot: string;
  dataRoot: string;
}): Promise<never> {
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) throw invalid('--rootless is for ordinary users: root needs no user namespace of its own');
  for (const root of [execRoot, dataRoot]) mkdirSync(root, { recursive: true, mode: 0o700 });
  const place = new Place(execRoot);
  mkdirSync(place.directory, { recursive: true, mode: 0o700 });
  const needs = findRequirements(uid, process.getgid?.() ?? 0);
  const holder = await holderOf(place, execRoot, needs);
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(
    needs.nsenter,
    ['nsenter', '--target', String(holder), '--user', '--mount', '--net', '--', ...command],
    { ...process.env, [INSIDE]: String(holder) },
  );
  throw new Error('unreachable: execve returned');
}

/** One holder, however many are started at once. */
async function holderOf(
  place: Place,
  execRoot: string,
  needs: ReturnType<typeof findRequirements>,
): Promise<number> {
  const lock = openSync(place.lock, 'w', 0o600);
  try {
    const deadline = performance.now() + PATIENCE_MS;
    while (!tryLock(lock)) {
      if (performance.now() > deadline)
        throw conflict(`another berthd --rootless is starting in ${execRoot}`);
      await sleep(20);
    }
    const last = place.holder();
    if (last && isAlive(last)) return last.identity.pid;
    if (last) await endSurvivors(last.userNamespace, needs.nsenter);
    await startHolder(place, execRoot, needs);
    const started = place.holder();
    if (!started) throw conflict(`the holder of ${execRoot} has ended again: see ${place.log}`);
    return started.identity.pid;
  } finally {
    closeSync(lock);
  }
}
