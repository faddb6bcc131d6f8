import { run, time } from '../command.ts';
import { one } from '../measurement.ts';
import type { Scenario } from '../scenario.ts';

export interface LoadedImage {
  readonly what: string;
  readonly name: string;
  /** A docker archive of it, and the tar that is its only layer. */
  readonly files: () => Promise<{ archive: string; tar: string }>;
}

/** Between two turns it is removed again, and what was written reaches the disk: nobody pays for another one. */
export function load(image: LoadedImage): Scenario {
  const what = `\`load\` of ${image.what}`;
  return {
    rounds: 2,
    patience: 120_000,
    engine({ command, engine }, signal) {
      if (!engine) return undefined;
      return (async () => {
        const { archive } = await image.files();
        const took = await time([...command, 'load', '-i', archive], signal);
        const removed = await time([...command, 'rmi', image.name], signal);
        await run(['sync'], { signal });
        return [one(what, 's', took / 1000), one(`\`rmi\` of ${image.what}`, 'ms', removed)];
      })();
    },
    async floor(floor, signal) {
      const { tar } = await image.files();
      const took = await time(floor.unpack(tar), signal);
      await run(floor.discard(), { signal });
      await run(['sync'], { signal });
      return [one(what, 's', took / 1000)];
    },
  };
}
