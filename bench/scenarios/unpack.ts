import { run } from '../peer.ts';
import { median, sample } from '../sample.ts';
import type { Scenario } from './index.ts';

/** `load` of a whole Debian; removed and settled between the rounds. */
export const unpack: Scenario = async (peer, { debian }) => {
  const taken: number[] = [];
  for (let round = 0; round < 3; round++) {
    taken.push(...(await sample(1, () => run([...peer.command, 'load', '-i', debian]))));
    await run([...peer.command, 'rmi', 'debian:bench']);
    await run(['sync']);
  }
  return [{ what: 'load of a Debian image', unit: 's', value: median(taken) / 1000 }];
};
