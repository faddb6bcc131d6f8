import { invalid } from '#lib/errors';
import type { Bandwidth } from './sandbox.ts';

/** Options of an endpoint that limit what goes through it. */
const IN_OPTION = 'bandwidth-in';
const OUT_OPTION = 'bandwidth-out';

/** Bits a second; `i`: powers of 1024. As tc(8) writes rates. */
const UNITS: Readonly<Record<string, number>> = {
  bit: 1,
  kbit: 1e3,
  mbit: 1e6,
  gbit: 1e9,
  tbit: 1e12,
  kibit: 2 ** 10,
  mibit: 2 ** 20,
  gibit: 2 ** 30,
  tibit: 2 ** 40,
  bps: 8,
  kbps: 8e3,
  mbps: 8e6,
  gbps: 8e9,
  tbps: 8e12,
};

/** One packet of the usual size in a second would hardly be a connection. */
const LEAST = 1024;

/** `10mbit`, `1.5gbit`, `500kbps` (bytes); a bare number is bits. Bytes a second. @throws invalid */
export function parseRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(text.trim().toLowerCase());
  const unit = UNITS[match?.[2] || 'bit'];
  if (!match || unit === undefined) {
    throw invalid(`invalid bandwidth ${JSON.stringify(text)}: use a number with a unit, such as 10mbit`);
  }
  const rate = Math.round((Number(match[1]) * unit) / 8);
  if (rate < LEAST || rate > Number.MAX_SAFE_INTEGER) {
    throw invalid(`invalid bandwidth ${JSON.stringify(text)}: at least 8kbit are needed`);
  }
  return rate;
}

/** @throws invalid */
export function bandwidthOf(options: Readonly<Record<string, string>>): Bandwidth {
  const { [IN_OPTION]: into, [OUT_OPTION]: out } = options;
  return {
    ...(into === undefined ? {} : { in: parseRate(into) }),
    ...(out === undefined ? {} : { out: parseRate(out) }),
  };
}
