import type { HealthcheckConfig } from '#engine/images';
import type { HealthState } from './record.ts';

/** Docker's defaults. Nanoseconds, but for the count. */
const DEFAULTS = {
  interval: 30e9,
  timeout: 30e9,
  retries: 3,
  startPeriod: 0,
  startInterval: 5e9,
} as const;
const KEPT_PROBES = 5;
/** Bytes of a probe's output that are kept. */
export const OUTPUT_LIMIT = 4096;

export type Probe = HealthState['log'][number];

/** True when there is something to probe: a test that is not `NONE`. */
export const isProbed = (check: HealthcheckConfig | undefined): check is HealthcheckConfig =>
  check !== undefined && check.test.length > 0 && check.test[0] !== 'NONE';

export const withDefaults = (check: HealthcheckConfig): HealthcheckConfig => ({
  test: check.test,
  interval: check.interval || DEFAULTS.interval,
  timeout: check.timeout || DEFAULTS.timeout,
  retries: check.retries || DEFAULTS.retries,
  startPeriod: check.startPeriod || DEFAULTS.startPeriod,
  startInterval: check.startInterval || DEFAULTS.startInterval,
});

/** The health after a probe. `sinceStart`: nanoseconds from the container's start to the probe's. */
export function afterProbe(
  health: HealthState,
  probe: Probe,
  check: HealthcheckConfig,
  sinceStart: number,
): HealthState {
  const { retries, startPeriod } = withDefaults(check);
  const log = [...health.log, probe].slice(-KEPT_PROBES);
  if (probe.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  // A container that is still coming up may fail without it being counted.
  if (health.status === 'starting' && sinceStart < startPeriod) return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= retries ? 'unhealthy' : health.status, failingStreak, log };
}

/** Nanoseconds until the next probe. */
export function probeDelay(health: HealthState, check: HealthcheckConfig, sinceStart: number): number {
  const { interval, startPeriod, startInterval } = withDefaults(check);
  return health.status === 'starting' && sinceStart < startPeriod ? startInterval : interval;
}

/** The probe as a command line: `CMD-SHELL` goes through the image's SHELL. */
export function probeCommand(
  test: readonly string[],
  shell: readonly string[] | undefined,
): readonly string[] {
  const [kind, ...words] = test;
  if (kind === 'CMD') return words;
  return [...(shell && shell.length > 0 ? shell : ['/bin/sh', '-c']), ...words];
}
