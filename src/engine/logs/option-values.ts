import { invalid } from '#lib/errors';
import type { LogOptions } from './config.ts';

/** Go's strconv.ParseBool; undefined when it is not given. @throws invalid */
export function booleanOption(options: LogOptions, name: string): boolean | undefined {
  const value = options[name];
  if (value === undefined || value === '') return undefined;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw invalid(`invalid value for option ${name}: '${value}' is neither true nor false`);
}

/** @throws invalid */
export function wholeOption(options: LogOptions, name: string): number | undefined {
  const value = options[name];
  if (value === undefined || value === '') return undefined;
  if (!/^[+-]?\d{1,15}$/.test(value)) throw invalid(`invalid ${name}: '${value}' is not a number`);
  return Number(value);
}

const UNITS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Bytes. Docker counts the files of json-file in thousands, all else in 1024s. @throws invalid */
export function sizeOption(options: LogOptions, name: string, base: 1000 | 1024): number | undefined {
  const value = options[name];
  if (value === undefined || value === '') return undefined;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(value) ?? [];
  const power = UNITS[unit.toLowerCase()];
  if (number === undefined || power === undefined) throw invalid(`invalid size for ${name}: '${value}'`);
  return Math.floor(Number(number) * base ** power);
}
