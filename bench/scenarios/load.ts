import { run, time } from '../command.ts';
import { DEBIAN } from '../debian.ts';
import { one } from '../measurement.ts';
import type { Scenario } from '../scenario.ts';

const WHAT = '`load` of a whole Debian';

/** Between two turns it is removed again, and what was written reaches the disk: nobody pays for another one. */
export function load(debian: () => Promise<{ archive: string; tar: string }>): Scenario {
  return {
    rounds: 2,
    patience: 120_000,
    engine({ command, engine }, signal) {
      if (!engine) return undefined;
      return (async () => {
        const { archive } = await debian();
        const took = await time([...command, 'load', '-i', archive], signal);
        await run([...command, 'rmi', DEBIAN], { signal });
        await run(['sync'], { signal });
        return [one(WHAT, 's', took / 1000)];
      })();
    },
    async floor(floor, signal) {
      const { tar } = await debian();
      const took = await time(floor.unpack(tar), signal);
      await run(floor.discard(), { signal });
      await run(['sync'], { signal });
      return [one(WHAT, 's', took / 1000)];
    },
  };
}
