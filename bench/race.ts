import type { Contender } from './contender.ts';
import { gather, type Measurement } from './measurement.ts';
import type { Measured, Scenario } from './scenario.ts';

/** What became of a contender in a scenario; neither measured nor failed when the scenario is nothing for it. */
export interface Outcome {
  readonly contender: string;
  readonly measurements: readonly Measurement[];
  /** Why it was left out from some round on. */
  readonly failure?: string;
}

/**
 * Contenders take turns, so that whatever else the machine does hits all of them alike. One that fails or is not ready
 * in time is left out of further rounds; its failure stands in the table.
 */
export async function race(
  scenario: Scenario,
  contenders: readonly Contender[],
  { repeat, signal }: { repeat: number; signal: AbortSignal },
): Promise<Outcome[]> {
  const measured = new Map<string, Measurement[]>();
  const failures = new Map<string, string>();
  const warmUps = scenario.warmsUp ? 1 : 0;
  for (let round = 0; round < scenario.rounds * repeat + warmUps; round++) {
    for (const contender of contenders) {
      if (failures.has(contender.name)) continue;
      signal.throwIfAborted();
      const own = new AbortController();
      const failure = await turn(own, scenario, contender, signal).then(
        (measurements) => {
          if (round < warmUps) return undefined;
          measured.set(contender.name, [...(measured.get(contender.name) ?? []), ...measurements]);
          return undefined;
        },
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      signal.throwIfAborted();
      if (failure !== undefined) failures.set(contender.name, failure);
    }
  }
  return contenders.map(({ name }) => {
    const failure = failures.get(name);
    return {
      contender: name,
      measurements: gather(measured.get(name) ?? []),
      ...(failure !== undefined && { failure }),
    };
  });
}

async function turn(
  own: AbortController,
  scenario: Scenario,
  contender: Contender,
  all: AbortSignal,
): Measured {
  const signal = AbortSignal.any([own.signal, all]);
  const work =
    contender.kind === 'engine' ? scenario.engine(contender, signal) : scenario.floor?.(contender, signal);
  if (!work) return [];
  // What does not heed the signal must not hold up the rest.
  const ended = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
  const seconds = scenario.patience / 1000;
  const timer = setTimeout(() => own.abort(new Error(`not done after ${seconds} s`)), scenario.patience);
  try {
    return await Promise.race([work, ended]);
  } finally {
    clearTimeout(timer);
    // Ends lanes that still run after another one failed.
    own.abort(new Error('over'));
  }
}
