import { parseDuration } from '#lib/durations';
import { invalid, messageOf } from '#lib/errors';
import { parseSize } from '#lib/sizes';
import type { UntrustedValue } from '#oci/image';

/** A part of the configuration with these keys and no others. @throws invalid */
export function section(value: UntrustedValue, keys: readonly string[]): UntrustedValue {
  for (const key of Object.keys(value.map(() => true) ?? {})) {
    if (!keys.includes(key))
      throw invalid(`${value.place}: unknown key ${JSON.stringify(key)}: it has ${keys.join(', ')}`);
  }
  return value;
}

/** One of some words. @throws invalid */
export function choice<T extends string>(value: UntrustedValue, words: readonly T[]): T | undefined {
  const text = value.string();
  const found = words.find((word) => word === text);
  if (text !== undefined && found === undefined)
    throw invalid(`${value.place} must be one of ${words.join(', ')}, not ${JSON.stringify(text)}`);
  return found;
}

/** Bytes: `10GB`. @throws invalid */
export const size = (value: UntrustedValue): number | undefined => measure(value, parseSize);

/** Milliseconds: `90s`, `1h`. @throws invalid */
export const duration = (value: UntrustedValue): number | undefined =>
  measure(value, (text) => parseDuration(text) / 1e6);

function measure(value: UntrustedValue, parse: (text: string) => number): number | undefined {
  const text = value.string();
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    throw invalid(`${value.place}: ${messageOf(error)}`, error);
  }
}

/** @throws invalid when it is missing */
export const required = <T>(found: T | undefined, value: UntrustedValue): T => value.required(found);

/** @throws invalid unless it is there */
export const text = (value: UntrustedValue): string => value.required(value.string());
