import { one } from '../../measurement.ts';
import type { Scenario } from '../../scenario.ts';
import { fresh, lines, openContext, timeBuild } from './build.ts';

/** Three stages with a command each: cold, with everything cached, with one file of the context changed. */
export const stages: Scenario = {
  rounds: 4,
  warmsUp: true,
  patience: 60_000,
  async engine(contender, signal) {
    const nonce = fresh();
    using context = openContext({
      Dockerfile: lines(
        'FROM busybox AS tools',
        `RUN echo ${nonce} > /tool`,
        'FROM busybox AS lib',
        `RUN echo ${nonce} > /lib`,
        'FROM busybox',
        'COPY --from=tools /tool /',
        'COPY --from=lib /lib /',
        'COPY source /',
        'RUN cat /tool /lib /source > /program',
      ),
      source: nonce,
    });
    const cold = await timeBuild(contender, context.path, signal);
    const cached = await timeBuild(contender, context.path, signal);
    context.write({ source: `${nonce} changed` });
    const changed = await timeBuild(contender, context.path, signal);
    return [
      one('`build` of three stages, cold', 'ms', cold),
      one('the same, cached', 'ms', cached),
      one('the same, one file changed', 'ms', changed),
    ];
  },
};
