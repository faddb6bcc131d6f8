import { run, time } from '../command.ts';
import type { Scenario } from './index.ts';
import { ROWS } from './rows.ts';

/** `load` of a whole Debian; removed and settled afterwards. */
export const unpack: Scenario = async ({ command }, { debian }) => {
  if (debian === undefined) return [];
  await run(['sync']);
  const taken = await time([...command, 'load', '-i', debian]);
  await run([...command, 'rmi', 'debian:bench']);
  await run(['sync']);
  return [{ what: ROWS.load, unit: 's', samples: [taken / 1000] }];
};
