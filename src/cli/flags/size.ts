import { invalid } from '#lib/errors';
import { parseSize } from '#lib/sizes';
import { type Flag, type FlagOptions, flag } from './flag.ts';

/** `--memory 64m`: bytes, 1024-based. */
export const size = (summary: string, options: FlagOptions = {}): Flag<number | undefined> =>
  flag<number | undefined>(summary, 'bytes', undefined, parseSize, options);

/** `--memory-swap`: bytes, or -1 for no limit. */
export const swapSize = (summary: string): Flag<number | undefined> =>
  flag<number | undefined>(summary, 'bytes', undefined, (text) => (text === '-1' ? -1 : parseSize(text)));

/** Billionths of a CPU from `--cpus 1.5`. */
export const cpus = (summary: string): Flag<number | undefined> =>
  flag<number | undefined>(summary, 'decimal', undefined, parseCpus);

/** @throws invalid */
export function parseCpus(text: string): number {
  const ratio = /^(\d+)\/(\d+)$/.exec(text);
  const value = ratio
    ? Number(ratio[1]) / Number(ratio[2])
    : /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)
      ? Number(text)
      : Number.NaN;
  if (!Number.isFinite(value)) throw invalid(`failed to parse ${text} as a rational number`);
  const nano = value * 1e9;
  if (Math.abs(nano - Math.round(nano)) > 1e-3) throw invalid('value is too precise');
  return Math.round(nano);
}
