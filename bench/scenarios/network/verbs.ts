import { EngineApi } from '../../engine-api.ts';
import { timed } from '../../measurement.ts';
import type { Scenario } from '../../scenario.ts';

const TIMES = 4;
const NAME = 'bench-verbs';

/** A bridge network comes and goes, and a running container is put on it and taken off. */
export const verbs: Scenario = {
  rounds: 4,
  warmsUp: true,
  patience: 60_000,
  engine({ engine }, signal) {
    if (!engine) return undefined;
    return (async () => {
      using api = new EngineApi(engine.socket, engine.hostConfig, signal);
      const steps = [
        ['create', () => api.call('POST', '/networks/create', { Name: NAME, Driver: 'bridge' })],
        ['connect', () => api.call('POST', `/networks/${NAME}/connect`, { Container: id })],
        ['disconnect', () => api.call('POST', `/networks/${NAME}/disconnect`, { Container: id })],
        ['remove', () => api.call('DELETE', `/networks/${NAME}`)],
      ] as const;
      const id = await api.create(['sleep', '600']);
      await api.start(id);
      const samples = steps.map((): number[] => []);
      for (let turn = 0; turn < TIMES; turn++) {
        for (const [index, [, step]] of steps.entries()) samples[index]?.push(await timed(step));
      }
      await api.call('DELETE', `/containers/${id}?force=1`);
      return steps.map(([verb], index) => ({
        what: `API: network ${verb}`,
        unit: 'ms',
        samples: samples[index] ?? [],
      }));
    })();
  },
};
