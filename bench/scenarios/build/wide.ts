import { one } from '../../measurement.ts';
import type { Scenario } from '../../scenario.ts';
import { fresh, lines, openContext, timeBuild } from './build.ts';

const STAGES = Array.from({ length: 10 }, (_, index) => index);

/** Ten stages that do not need each other. */
export const wide: Scenario = {
  rounds: 2,
  patience: 120_000,
  async engine(contender, signal) {
    const nonce = fresh();
    using context = openContext({
      Dockerfile: lines(
        ...STAGES.flatMap((stage) => [
          `FROM busybox AS s${stage}`,
          `RUN echo ${nonce} ${stage} > /made${stage}`,
        ]),
        'FROM scratch',
        ...STAGES.map((stage) => `COPY --from=s${stage} /made${stage} /`),
      ),
    });
    return [one('`build` of ten independent stages', 'ms', await timeBuild(contender, context.path, signal))];
  },
};
