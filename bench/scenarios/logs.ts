import { run, time } from '../command.ts';
import { one, timed } from '../measurement.ts';
import type { Scenario } from '../scenario.ts';

const MEGABYTES = 50;
const LINE = '0123456789abcdef'.repeat(4);
export const LINES = `yes ${LINE} | head -c ${MEGABYTES * 1e6}`;

const ATTACHED = 'log throughput, attached';
const DETACHED = 'log throughput, nobody attached';
const perSecond = (milliseconds: number) => (MEGABYTES * 1000) / milliseconds;

/** Lines of 64 bytes through the log: to an attached client that throws them away, and to nobody. */
export const logs: Scenario = {
  rounds: 2,
  patience: 60_000,
  async engine({ command, runFlags }, signal) {
    const start = [...command, 'run', ...runFlags];
    const container = ['busybox', 'sh', '-c', LINES];
    const attached = await time([...start, '--rm', ...container], signal);
    const name = `bench-logs-${process.pid}`;
    const detached = await timed(async () => {
      await run([...start, '-d', '--name', name, ...container], { signal });
      await run([...command, 'wait', name], { signal });
    });
    await run([...command, 'rm', '-f', name], { signal });
    return [one(ATTACHED, 'MB/s', perSecond(attached)), one(DETACHED, 'MB/s', perSecond(detached))];
  },
  async floor(floor, signal) {
    const value = perSecond(await time(floor.lines(MEGABYTES * 1e6), signal));
    return [one(ATTACHED, 'MB/s', value), one(DETACHED, 'MB/s', value)];
  },
};
