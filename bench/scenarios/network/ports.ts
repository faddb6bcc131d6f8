import type { EngineContender, EngineItself } from '../../contender.ts';
import { EngineApi } from '../../engine-api.ts';
import { type Measurement, one, timed } from '../../measurement.ts';
import type { Scenario } from '../../scenario.ts';
import { openServer } from './inside.ts';
import { measureOutside, PUBLISH, SERVE } from './traffic.ts';

const FIRST = 20_000;

const published = (count: number) => {
  const ports = Array.from({ length: count }, (_, index) => FIRST + index);
  return {
    PortBindings: Object.fromEntries(ports.map((port) => [`${port}/tcp`, [{ HostPort: String(port) }]])),
    ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])),
  };
};

async function startWith(api: EngineApi, count: number): Promise<{ start: number; remove: number }> {
  const { PortBindings, ExposedPorts } = published(count);
  const id = await api.create(['sleep', '600'], { PortBindings }, { ExposedPorts });
  const start = await timed(() => api.start(id));
  return { start, remove: await timed(() => api.call('DELETE', `/containers/${id}?force=1`)) };
}

/** What a published port adds to the start of a container. */
export const port: Scenario = {
  rounds: 5,
  warmsUp: true,
  patience: 30_000,
  engine({ engine }, signal) {
    if (!engine) return undefined;
    return (async () => {
      using api = new EngineApi(engine.socket, engine.hostConfig, signal);
      return [
        one('API: start, no port', 'ms', (await startWith(api, 0)).start),
        one('API: start, 1 published port', 'ms', (await startWith(api, 1)).start),
      ];
    })();
  },
};

/** The same for many ports of one container, and what they cost its packets. */
export const ports = (count: number): Scenario => ({
  rounds: 2,
  patience: 120_000,
  engine: (contender, signal) => contender.engine && measure(contender, contender.engine, { count, signal }),
});

async function measure(
  contender: EngineContender,
  engine: EngineItself,
  { count, signal }: { count: number; signal: AbortSignal },
): Promise<Measurement[]> {
  using api = new EngineApi(engine.socket, engine.hostConfig, signal);
  const none = await startWith(api, 0);
  const all = await startWith(api, count);
  const range = `${FIRST}-${FIRST + count - 1}`;
  const flags = [...PUBLISH, '-p', `${range}:${range}`];
  const name = `${count.toLocaleString('en')} published ports`;
  await using _server = await openServer(contender, { argv: SERVE, flags, signal });
  return [
    one(`API: start, ${name}`, 'ms', all.start),
    one(`what ${name} add to it`, 'ms', all.start - none.start),
    one(`API: remove the one with ${name}`, 'ms', all.remove),
    ...(await measureOutside(`through one of ${name}`, engine.network)),
  ];
}
