import { one } from '../../measurement.ts';
import type { Scenario } from '../../scenario.ts';
import { fresh, lines, openContext, timeBuild } from './build.ts';

const TENS = Array.from({ length: 20 }, (_, index) => index);

/** Two hundred steps, of which twenty run a command and twenty copy a file. */
export const steps: Scenario = {
  rounds: 1,
  patience: 180_000,
  async engine(contender, signal) {
    const nonce = fresh();
    const settings = ['ENV E', 'LABEL l', 'ENV F', 'LABEL m', 'ENV G', 'LABEL n', 'ENV H', 'LABEL o'];
    using context = openContext({
      Dockerfile: lines(
        'FROM busybox',
        ...TENS.flatMap((ten) => [
          ...settings.map((setting) => `${setting}${ten}=${nonce}`),
          `COPY source /copied${ten}`,
          `RUN echo ${nonce} > /made${ten}`,
        ]),
      ),
      source: nonce,
    });
    const cold = await timeBuild(contender, context.path, signal);
    const cached = await timeBuild(contender, context.path, signal);
    return [one('`build` of 200 steps, cold', 's', cold / 1000), one('the same, cached', 's', cached / 1000)];
  },
};
