import { invalid } from '#lib/errors';
import type { HealthConfig } from '#protocol';
import type { CreateFlags } from './flags.ts';

const MILLISECOND = 1_000_000;

/** Undefined when nothing was said about health. @throws invalid */
export function healthOf(flags: CreateFlags): HealthConfig | undefined {
  if (flags['no-healthcheck']) return { Test: ['NONE'] };
  const config: HealthConfig = {
    Test: flags['health-cmd'] === '' ? undefined : ['CMD-SHELL', flags['health-cmd']],
    Interval: notNegative('health-interval', flags['health-interval']),
    Timeout: notNegative('health-timeout', flags['health-timeout']),
    StartPeriod: notNegative('health-start-period', flags['health-start-period']),
    StartInterval: notNegative('health-start-interval', flags['health-start-interval']),
    Retries: flags['health-retries'],
  };
  if ((config.Retries ?? 0) < 0) throw invalid('--health-retries cannot be negative');
  return Object.values(config).every((value) => value === undefined) ? undefined : config;
}

function notNegative(option: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (value < 0) throw invalid(`--${option} cannot be negative`);
  if (value > 0 && value < MILLISECOND) throw invalid(`--${option} cannot be less than 1ms`);
  return value;
}
