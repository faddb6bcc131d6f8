import { invalid } from '#lib/errors';

/** One option of a command: how its text becomes a value, and how help shows it. */
export interface Flag<T> {
  /** The single letter, if there is one. */
  readonly short: string | undefined;
  /** The word for its value in the help text; undefined for a switch. */
  readonly value: string | undefined;
  readonly summary: string;
  readonly initial: T;
  /** What help shows as `(default ...)`. */
  readonly shownDefault: string | undefined;
  readonly hidden: boolean;
  /** What a value may be, for completion. */
  readonly choices: readonly string[];
  /** The value after one more occurrence. @throws invalid */
  accept(text: string, before: T): T;
}

/** Long name -> flag. */
export type FlagSet = Readonly<Record<string, Flag<unknown>>>;
export type FlagValues<F extends FlagSet> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never;
};

export interface FlagOptions {
  readonly short?: string;
  readonly value?: string;
  readonly shownDefault?: string;
  readonly hidden?: boolean;
  readonly choices?: readonly string[];
}

/** A flag whose last occurrence counts. */
export function flag<T>(
  summary: string,
  value: string | undefined,
  initial: T,
  parse: (text: string) => T,
  options: FlagOptions = {},
): Flag<T> {
  return {
    short: options.short,
    value: options.value ?? value,
    summary,
    initial,
    shownDefault: options.shownDefault,
    hidden: options.hidden ?? false,
    choices: options.choices ?? [],
    accept: parse,
  };
}

/** A switch: `--rm`, `--rm=false`. */
export const bool = (summary: string, options: FlagOptions & { readonly on?: boolean } = {}): Flag<boolean> =>
  flag(summary, undefined, options.on ?? false, parseBool, {
    ...options,
    ...(options.on && { shownDefault: 'true' }),
  });

export const string = (
  summary: string,
  options: FlagOptions & { readonly initial?: string } = {},
): Flag<string> =>
  flag(summary, 'string', options.initial ?? '', (text) => text, {
    ...(options.initial && { shownDefault: `"${options.initial}"` }),
    ...options,
  });

/** A whole number; undefined when it is not given. */
export const int = (summary: string, options: FlagOptions = {}): Flag<number | undefined> =>
  flag<number | undefined>(summary, 'int', undefined, parseInteger, options);

export const uint = (
  summary: string,
  options: FlagOptions & { readonly max?: number } = {},
): Flag<number | undefined> =>
  flag<number | undefined>(summary, 'uint', undefined, (text) => parseUnsigned(text, options.max), options);

/** May be given many times; every value passes through `parse`. */
export function list<T = string>(
  summary: string,
  options: FlagOptions & { readonly parse?: (text: string) => T } = {},
): Flag<readonly T[]> {
  const parse = options.parse ?? ((text: string) => text as T);
  return {
    ...flag<readonly T[]>(summary, 'list', [], () => [], options),
    accept: (text, before) => [...before, parse(text)],
  };
}

/** Given many times, or once with commas: `--alias a,b --alias c`. */
export const commaList = (summary: string, options: FlagOptions = {}): Flag<readonly string[]> => ({
  ...flag<readonly string[]>(summary, 'strings', [], () => [], options),
  accept: (text, before) => [...before, ...text.split(',')],
});

/** `name=value`, many times. */
export const map = (
  summary: string,
  options: FlagOptions & { readonly check?: (text: string) => void } = {},
): Flag<Readonly<Record<string, string>>> => ({
  ...flag<Readonly<Record<string, string>>>(summary, 'map', {}, () => ({}), {
    shownDefault: 'map[]',
    ...options,
  }),
  accept(text, before) {
    options.check?.(text);
    return { ...before, ...Object.fromEntries([splitPair(text)]) };
  },
});

/** `a=b` -> [a, b]; `a` -> [a, '']. */
export function splitPair(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw invalid(`parsing ${JSON.stringify(text)}: must be true or false`);
}

export function parseInteger(text: string): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw invalid(`parsing ${JSON.stringify(text)}: must be a whole number`);
  return value;
}

function parseUnsigned(text: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw invalid(`parsing ${JSON.stringify(text)}: must be a whole number, not below 0`);
  if (value > max) throw invalid(`parsing ${JSON.stringify(text)}: value out of range (at most ${max})`);
  return value;
}
