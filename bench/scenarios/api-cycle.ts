import { time } from '../command.ts';
import { EngineApi } from '../engine-api.ts';
import { one, repeat, timed } from '../measurement.ts';
import type { Scenario } from '../scenario.ts';

const EXITED = 'API: create, start, wait for the exit';
const REMOVED = 'API: the same, and remove';
const TIMES = 4;

/** By a client that is already connected. */
export const apiCycle: Scenario = {
  rounds: 8,
  warmsUp: true,
  patience: 30_000,
  engine({ engine }, signal) {
    if (!engine) return undefined;
    return (async () => {
      using api = new EngineApi(engine.socket, engine.hostConfig, signal);
      const exited: number[] = [];
      const removed = await repeat(TIMES, () =>
        timed(async () => {
          let id = '';
          exited.push(
            await timed(async () => {
              id = await api.create(['true']);
              await api.start(id);
              await api.wait(id);
            }),
          );
          await api.remove(id);
        }),
      );
      return [
        { what: EXITED, unit: 'ms', samples: exited },
        { what: REMOVED, unit: 'ms', samples: removed },
      ];
    })();
  },
  floor: async (floor, signal) => {
    const runs = 10;
    const value = (await time(floor.runs(runs, 1), signal)) / runs;
    return [one(EXITED, 'ms', value), one(REMOVED, 'ms', value)];
  },
};
