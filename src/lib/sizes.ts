import { invalid } from '#lib/errors';

const BINARY: Record<string, number> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
};

/**
 * Bytes from `64m`, `1.5g`, `512KiB`, `0`: 1024-based whatever the spelling, as Docker's memory flags are.
 * @throws invalid
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text.trim());
  const unit = BINARY[match?.[2]?.toLowerCase() ?? ''];
  if (!match?.[1] || unit === undefined) throw invalid(`invalid size: '${text}'`);
  const bytes = Math.floor(Number(match[1]) * unit);
  if (!Number.isSafeInteger(bytes)) throw invalid(`invalid size: '${text}' is too large`);
  return bytes;
}

const inUnits = (bytes: number, base: number, units: readonly string[], digits: number): string => {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
};

/** `1.23MB`: 1000-based with `digits` significant digits, as `docker images` and `docker system df` print. */
export const formatSize = (bytes: number, digits = 4): string =>
  inUnits(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB'], digits);

/** `1.23MiB`: 1024-based, as `docker stats` prints memory. */
export const formatBinarySize = (bytes: number, digits = 4): string =>
  inUnits(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], digits);
