import { run as runCommand, time } from '../command.ts';
import type { EngineContender } from '../contender.ts';
import { one, repeat } from '../measurement.ts';
import type { Scenario } from '../scenario.ts';

const runTrue = ({ command, runFlags }: EngineContender, ...flags: readonly string[]): string[] => [
  ...command,
  'run',
  ...runFlags,
  '--rm',
  ...flags,
  'busybox',
  'true',
];

/** A bare `crun run` takes a few milliseconds, less than what starts it here. */
const FLOOR_RUNS = 10;

const RUN = '`run --rm busybox true`';

export const run: Scenario = {
  rounds: 15,
  warmsUp: true,
  patience: 20_000,
  engine: async (contender, signal) => [one(RUN, 'ms', await time(runTrue(contender), signal))],
  floor: async (floor, signal) => {
    const took = await time(floor.runs(FLOOR_RUNS, 1), signal);
    return [one(RUN, 'ms', took / FLOOR_RUNS)];
  },
};

const RUN_ALONE = 'the same, `--network none`';

export const runAlone: Scenario = {
  ...run,
  rounds: 10,
  engine: async (contender, signal) => [
    one(RUN_ALONE, 'ms', await time(runTrue(contender, '--network', 'none'), signal)),
  ],
  floor: async (floor, signal) => {
    const took = await time(floor.runs(FLOOR_RUNS, 1), signal);
    return [one(RUN_ALONE, 'ms', took / FLOOR_RUNS)];
  },
};

const EXEC = '`exec c true`';
const EXECS = 6;

export const exec: Scenario = {
  rounds: 3,
  patience: 30_000,
  async engine({ command, runFlags }, signal) {
    const name = `bench-exec-${process.pid}`;
    const start = [...command, 'run', ...runFlags, '-d', '--name', name, 'busybox', 'sleep', '600'];
    await runCommand(start, { signal });
    const samples = await repeat(EXECS, () => time([...command, 'exec', name, 'true'], signal));
    await runCommand([...command, 'rm', '-f', name], { signal });
    return [{ what: EXEC, unit: 'ms', samples: samples.slice(1) }];
  },
  floor: async (floor, signal) => {
    const took = await time(floor.execs(FLOOR_RUNS), signal);
    return [one(EXEC, 'ms', took / FLOOR_RUNS)];
  },
};

export const list: Scenario = {
  rounds: 10,
  warmsUp: true,
  patience: 20_000,
  engine: async ({ command }, signal) => [one('`ps -a`', 'ms', await time([...command, 'ps', '-a'], signal))],
};
