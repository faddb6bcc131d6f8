import { time } from '../command.ts';
import type { EngineContender, EngineItself } from '../contender.ts';
import { EngineApi } from '../engine-api.ts';
import { type Measurement, one, timed } from '../measurement.ts';
import { memoryOf, residentSetOf } from '../memory.ts';
import type { Scenario } from '../scenario.ts';

const IN_FLIGHT = 8;

/** Many containers that do nothing: how long they take to start and go, and what the engine's processes cost meanwhile. */
export const idle = (count: number): Scenario => ({
  rounds: 1,
  patience: 180_000,
  engine: (contender, signal) => contender.engine && measure(contender, contender.engine, { count, signal }),
});

async function measure(
  { command }: EngineContender,
  engine: EngineItself,
  { count, signal }: { count: number; signal: AbortSignal },
): Promise<Measurement[]> {
  using api = new EngineApi(engine.socket, engine.hostConfig, signal);
  const before = memoryOf(engine.processes);
  const ids: string[] = [];
  let begun = 0;
  const lane = async () => {
    while (begun++ < count) {
      const id = await api.create(['sleep', '3600']);
      ids.push(id);
      await api.start(id);
    }
  };
  const started = await timed(() => Promise.all(Array.from({ length: IN_FLIGHT }, lane)));
  const after = memoryOf(engine.processes);
  const daemons = engine.daemons().map(residentSetOf);
  const removed = await time([...command, 'rm', '-f', ...ids], signal);
  return [
    one(`${count} idle containers created and started`, 's', started / 1000),
    one("memory of the engine's processes per container", 'MB', (after - before) / count / 1e6),
    ...(daemons.length > 0
      ? [one(`RSS of the daemon with ${count} containers`, 'MB', daemons.reduce((a, b) => a + b) / 1e6)]
      : []),
    one(`\`rm -f\` of the ${count}`, 's', removed / 1000),
  ];
}
