export type Unit = 'us' | 'ms' | 's' | '/s' | 'MB' | 'MB/s' | 'Gbit/s';

/** One row of the table, as one contender did: a figure for each time that it was tried. */
export interface Measurement {
  readonly what: string;
  readonly unit: Unit;
  readonly samples: readonly number[];
}

export const one = (what: string, unit: Unit, value: number): Measurement => ({
  what,
  unit,
  samples: [value],
});

export const isHighBetter = (unit: Unit): boolean => ['/s', 'MB/s', 'Gbit/s'].includes(unit);

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** What was measured in several rounds, put together by row. */
export function gather(measurements: readonly Measurement[]): Measurement[] {
  const rows = new Map<string, Measurement>();
  for (const { what, unit, samples } of measurements) {
    rows.set(what, { what, unit, samples: [...(rows.get(what)?.samples ?? []), ...samples] });
  }
  return [...rows.values()];
}

/** The results of so many calls, one after the other. */
export async function repeat(times: number, work: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < times; i++) samples.push(await work());
  return samples;
}

/** Milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Runs per second of `total` runs, `inFlight` at a time. */
export async function throughput(
  total: number,
  inFlight: number,
  work: () => Promise<unknown>,
): Promise<number> {
  let begun = 0;
  const lane = async () => {
    while (begun++ < total) await work();
  };
  const took = await timed(() => Promise.all(Array.from({ length: inFlight }, lane)));
  return (total * 1000) / took;
}
