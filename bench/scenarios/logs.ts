import { run, time } from '../command.ts';
import type { Scenario } from './index.ts';
import { ROWS } from './rows.ts';

const MEGABYTES = 100;

/** So many megabytes of lines of 64 characters. */
export const OUTPUT = `yes 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde | head -c ${MEGABYTES}000000`;

export const perSecond = (milliseconds: number): number => (MEGABYTES * 1000) / milliseconds;

/** Lines into the log, with a client that throws them away and without. */
export const logs: Scenario = async ({ command, limits }) => {
  const shell = ['busybox', 'sh', '-c', OUTPUT];
  const attached = await time([...command, 'run', ...limits.flags, '--rm', ...shell]);
  const begin = performance.now();
  const id = (await run([...command, 'run', ...limits.flags, '-d', ...shell])).trim();
  await run([...command, 'wait', id]);
  const alone = performance.now() - begin;
  await run([...command, 'rm', id]);
  return [
    { what: ROWS.logs, unit: 'MB/s', samples: [perSecond(alone)] },
    { what: 'log throughput, one client attached', unit: 'MB/s', samples: [perSecond(attached)] },
  ];
};
