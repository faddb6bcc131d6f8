/** Milliseconds of each run of `work`. */
export async function sample(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await work();
    taken.push(performance.now() - start);
  }
  return taken;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
};

/** Runs per second of `total` runs, `inFlight` at a time. */
export async function throughput(
  total: number,
  inFlight: number,
  work: () => Promise<unknown>,
): Promise<number> {
  let begun = 0;
  const start = performance.now();
  const lane = async () => {
    while (begun++ < total) await work();
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (total * 1000) / (performance.now() - start);
}
