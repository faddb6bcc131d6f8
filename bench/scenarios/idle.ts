import { run } from '../command.ts';
import { throughput } from '../measurement.ts';
import { memoryOf } from '../memory.ts';
import type { Scenario } from './index.ts';

const COUNT = 200;

/** Many containers that do nothing: how long they take to come and go, and what the engine needs for them. */
export const idle: Scenario = async ({ command, helpers, daemons }, { api }) => {
  const ids: string[] = [];
  const perSecond = await throughput(COUNT, 8, async () => {
    const id = await api.create(['sleep', '3600']);
    ids.push(id);
    await api.start(id);
  });
  const memory = memoryOf(helpers).proportional / COUNT;
  const daemon = memoryOf(daemons).resident;
  const begin = performance.now();
  await run([...command, 'rm', '-f', ...ids]);
  const removal = performance.now() - begin;
  return [
    { what: `${COUNT} idle containers, 8 in flight`, unit: 's', samples: [COUNT / perSecond] },
    { what: "memory of the engine's processes per container", unit: 'MB', samples: [memory / 1e6] },
    { what: `memory of the daemon, with ${COUNT} containers`, unit: 'MB', samples: [daemon / 1e6] },
    { what: `\`rm -f\` of the ${COUNT}`, unit: 's', samples: [removal / 1000] },
  ];
};
