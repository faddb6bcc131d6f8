import { one } from '../../measurement.ts';
import type { Scenario } from '../../scenario.ts';
import { openServer, runBeside } from './inside.ts';

const RATE = 10_000;
const SECONDS = 3;

interface Answers {
  readonly perSecond: number;
  readonly median: number | null;
  readonly p99: number | null;
}

/** A container asks for the name of another one, much and steadily. */
export const names: Scenario = {
  rounds: 3,
  patience: 60_000,
  engine(contender, signal) {
    if (!contender.engine) return undefined;
    return (async () => {
      await using _server = await openServer(contender, { argv: ['sleep', '600'], signal });
      const argv = ['node', '/programs/ask-names.ts', 'server', String(RATE), String(SECONDS)];
      const { perSecond, median, p99 } = JSON.parse(await runBeside(contender, argv, signal)) as Answers;
      if (median === null || p99 === null) throw new Error('no name was answered');
      return [
        one(`names answered a second, of ${RATE.toLocaleString('en')} asked`, '/s', perSecond),
        one('the median of them', 'ms', median),
        one('their 99th percentile', 'ms', p99),
      ];
    })();
  },
};
