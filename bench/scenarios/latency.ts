import { run, time } from '../command.ts';
import { repeat } from '../measurement.ts';
import type { Scenario } from './index.ts';
import { ROWS } from './rows.ts';

/** `run --rm busybox true` as a whole command, with and without a network. */
export const commandRun: Scenario = async ({ command, limits }) => {
  const argv = (...flags: string[]) => [
    ...command,
    'run',
    ...limits.flags,
    '--rm',
    ...flags,
    'busybox',
    'true',
  ];
  await run(argv());
  return [
    { what: ROWS.run, unit: 'ms', samples: await repeat(8, () => time(argv())) },
    {
      what: 'the same with `--network none`',
      unit: 'ms',
      samples: await repeat(8, () => time(argv('--network', 'none'))),
    },
  ];
};

/** Through the API, by a client that is already connected. */
export const apiCycle: Scenario = async (_, { api }) => {
  const exits: number[] = [];
  const cycle = async () => {
    const begin = performance.now();
    const id = await api.create(['true']);
    await api.start(id);
    await api.wait(id);
    exits.push(performance.now() - begin);
    await api.remove(id);
    return performance.now() - begin;
  };
  await cycle();
  exits.length = 0;
  const removals = await repeat(12, cycle);
  return [
    { what: ROWS.apiExit, unit: 'ms', samples: exits },
    { what: ROWS.apiRemoved, unit: 'ms', samples: removals },
  ];
};

export const exec: Scenario = async ({ command, limits }) => {
  const name = `bench-exec-${process.pid}`;
  await run([...command, 'run', ...limits.flags, '-d', '--name', name, 'busybox', 'sleep', '600']);
  const argv = [...command, 'exec', name, 'true'];
  await run(argv);
  const samples = await repeat(10, () => time(argv));
  await run([...command, 'rm', '-f', name]);
  return [{ what: '`exec` of `true`', unit: 'ms', samples }];
};

export const list: Scenario = async ({ command }) => [
  { what: '`ps -a`', unit: 'ms', samples: await repeat(10, () => time([...command, 'ps', '-a'])) },
];
