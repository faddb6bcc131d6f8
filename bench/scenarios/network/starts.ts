import { EngineApi } from '../../engine-api.ts';
import { median, one, timed } from '../../measurement.ts';
import type { Scenario } from '../../scenario.ts';

const TIMES = 3;
const NETWORKS = ['bench-1', 'bench-2', 'bench-3', 'bench-4', 'bench-5'];

/** What networks add to the start of a container. */
export const starts: Scenario = {
  rounds: 4,
  warmsUp: true,
  patience: 90_000,
  engine({ engine }, signal) {
    if (!engine) return undefined;
    return (async () => {
      using api = new EngineApi(engine.socket, engine.hostConfig, signal);
      for (const Name of NETWORKS) await api.call('POST', '/networks/create', { Name, Driver: 'bridge' });
      const started = async (count: number) => {
        const [first = 'none', ...rest] = NETWORKS.slice(0, count);
        const id = await api.create(['sleep', '600'], { NetworkMode: first });
        for (const name of rest) await api.call('POST', `/networks/${name}/connect`, { Container: id });
        const took = await timed(() => api.start(id));
        await api.call('DELETE', `/containers/${id}?force=1`);
        return took;
      };
      const [none, single, five] = [[], [], []] as [number[], number[], number[]];
      const kinds = [
        [none, 0],
        [single, 1],
        [five, 5],
      ] as const;
      // Each follows each of the others: what the kernel still clears away hits all alike.
      for (let turn = 0; turn < TIMES * kinds.length; turn++) {
        const kind = kinds[(turn + Math.floor(turn / kinds.length)) % kinds.length];
        if (kind) kind[0].push(await started(kind[1]));
      }
      for (const name of NETWORKS) await api.call('DELETE', `/networks/${name}`);
      return [
        { what: 'API: start, no network', unit: 'ms', samples: none },
        { what: 'API: start, 1 network', unit: 'ms', samples: single },
        { what: 'API: start, 5 networks', unit: 'ms', samples: five },
        one('network set-up of a start: 1 network less none', 'ms', median(single) - median(none)),
      ];
    })();
  },
};
