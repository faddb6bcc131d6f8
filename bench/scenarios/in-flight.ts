import { time } from '../command.ts';
import { one, throughput } from '../measurement.ts';
import type { Scenario } from '../scenario.ts';

/** Whole `run --rm` commands, several at a time. */
export function inFlight(lanes: number): Scenario {
  const what = `runs a second, ${lanes} in flight`;
  const runs = 3 * Math.max(lanes, 8);
  return {
    rounds: 2,
    patience: 60_000,
    async engine({ command, runFlags }, signal) {
      const once = () => time([...command, 'run', ...runFlags, '--rm', 'busybox', 'true'], signal);
      return [one(what, '/s', await throughput(runs, lanes, once))];
    },
    async floor(floor, signal) {
      const took = await time(floor.runs(runs, lanes), signal);
      return [one(what, '/s', (runs * 1000) / took)];
    },
  };
}
