import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { notFound, unavailable } from '#lib/errors';
import { isAbsent, parseKeyed, readControl } from './files.ts';

/** A process in an uninterruptible wait freezes when that ends; longer than this nobody waits. */
const PATIENCE_MS = 2000;
const LONGEST_PAUSE_MS = 20;

/** v1: the freezer hierarchy's directory of a cgroup. */
export async function setFrozenV1(directory: string, frozen: boolean): Promise<void> {
  const file = join(directory, 'freezer.state');
  const wanted = frozen ? 'FROZEN' : 'THAWED';
  // A process that was forked meanwhile keeps it FREEZING until it is told again.
  const settled = await untilDone(async () => {
    await write(file, wanted);
    return (await readControl(file)).trim() === wanted;
  });
  if (settled) return;
  if (frozen) await write(file, 'THAWED');
  throw notSettled(directory, wanted);
}

/** v2. */
export async function setFrozenV2(directory: string, frozen: boolean): Promise<void> {
  const wanted = frozen ? '1' : '0';
  await write(join(directory, 'cgroup.freeze'), wanted);
  const settled = await untilDone(async () => {
    const state = parseKeyed(await readControl(join(directory, 'cgroup.events'))).get('frozen');
    return state === BigInt(wanted);
  });
  if (settled) return;
  if (frozen) await write(join(directory, 'cgroup.freeze'), '0');
  throw notSettled(directory, frozen ? 'frozen' : 'thawed');
}

const notSettled = (directory: string, state: string) =>
  unavailable(`the cgroup ${directory} did not become ${state.toLowerCase()} in time`);

async function write(file: string, value: string): Promise<void> {
  try {
    await writeFile(file, value, { flag: 'r+' });
  } catch (error) {
    if (isAbsent(error)) throw notFound(`${file} does not exist`, error);
    throw error;
  }
}

async function untilDone(attempt: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    if (await attempt()) return true;
    if (performance.now() > deadline) return false;
    await sleep(pause);
  }
}
