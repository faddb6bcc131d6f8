import { invalid } from '#lib/errors';
import { parseSize } from '#lib/sizes';

/** One setting of the daemon: a flag, a key of daemon.json, or both. */
export interface Option<T> {
  readonly help: string;
  readonly short?: string;
  /** Name in daemon.json where it is not the flag's; null: a flag only. */
  readonly key?: string | null;
  /** A reload puts it in force. */
  readonly live?: boolean;
  /** What the flag takes, for the help; absent for a switch. */
  readonly argument?: string;
  /** Takes one occurrence of the flag. @throws invalid */
  parse(text: string, before: T | undefined): T;
  /** Reads the value in daemon.json. @throws invalid */
  decode(value: unknown): T;
  /** Given both by flag and file: put together instead of refused. */
  merge?(flag: T, file: T): T;
}

export type Details<T> = Pick<Option<T>, 'help' | 'short' | 'key' | 'live'>;

/** Says what is wrong with a value, as the end of a sentence that begins with the option's name. @throws invalid */
export type Check<T> = (value: T) => void;

export const text = ({ check, ...details }: Details<string> & { check?: Check<string> }): Option<string> => {
  const checked = (value: string) => {
    check?.(value);
    return value;
  };
  return {
    argument: 'string',
    ...details,
    parse: checked,
    decode: (value) => {
      if (typeof value !== 'string') throw invalid('must be a string');
      return checked(value);
    },
  };
};

/** One of a few words, in any case. */
export function choice<T extends string>(allowed: readonly T[], details: Details<T>): Option<T> {
  const find = (value: unknown): T => {
    const found = allowed.find((known) => typeof value === 'string' && known === value.toLowerCase());
    if (found === undefined)
      throw invalid(`must be one of ${allowed.join(', ')}, not ${JSON.stringify(value)}`);
    return found;
  };
  return { argument: 'string', ...details, parse: find, decode: find };
}

export const toggle = (details: Details<boolean>): Option<boolean> => ({
  ...details,
  parse: parseBoolean,
  decode: decodeBoolean,
});

export function parseBoolean(value: string): boolean {
  if (value === '' || /^(true|1|t)$/i.test(value)) return true;
  if (/^(false|0|f)$/i.test(value)) return false;
  throw invalid(`invalid boolean ${JSON.stringify(value)}`);
}

export function decodeBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid('must be true or false');
  return value;
}

/** A number that counts something; `minimum` 0 unless said otherwise. */
export const whole = ({
  minimum = 0,
  ...details
}: Details<number> & { minimum?: number }): Option<number> => {
  const checked = (value: number) => {
    if (value < minimum) throw invalid(`must not be less than ${minimum}, and is ${value}`);
    return value;
  };
  return {
    argument: 'int',
    ...details,
    parse: (value) => {
      if (!/^-?\d{1,15}$/.test(value)) throw invalid(`invalid number ${JSON.stringify(value)}`);
      return checked(Number(value));
    },
    decode: (value) => {
      if (!Number.isSafeInteger(value)) throw invalid('must be a whole number');
      return checked(value as number);
    },
  };
};

/** Bytes; `64m` on the command line and in the file. */
export const bytes = (details: Details<number>): Option<number> => ({
  argument: 'bytes',
  ...details,
  parse: parseSize,
  decode: decodeBytes,
});

export function decodeBytes(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  if (typeof value !== 'string') throw invalid('must be a size such as "64m"');
  return parseSize(value);
}

type ListDetails = Details<readonly string[]> & { check?: Check<string> };

export const list = ({ check, ...details }: ListDetails): Option<readonly string[]> => ({
  argument: 'list',
  ...details,
  parse: (value, before = []) => {
    check?.(value);
    return [...before, value];
  },
  decode: (value) => {
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw invalid('must be an array of strings');
    }
    for (const item of value) check?.(item);
    return value;
  },
});

export type Pairs = Readonly<Record<string, string>>;

/** `--log-opt max-size=10m`. */
export const pairs = (details: Details<Pairs>): Option<Pairs> => ({
  argument: 'map',
  ...details,
  parse: (value, before = {}) => {
    const [name, content] = splitPair(value);
    return { ...before, [name]: content };
  },
  decode: (value) => {
    const entries = entriesOf(value);
    const wrong = entries.find(([, content]) => typeof content !== 'string');
    if (wrong) throw invalid(`must be an object of strings: ${wrong[0]} is ${JSON.stringify(wrong[1])}`);
    return Object.fromEntries(entries) as Pairs;
  },
});

export type Toggles = Readonly<Record<string, boolean>>;

/** `--feature name[=true|false]`; in the file `{ name: true }`. */
export const toggles = (details: Details<Toggles>): Option<Toggles> => ({
  argument: 'map',
  ...details,
  parse: (value, before = {}) => {
    const [name = '', content = 'true'] = value.split(/=(.*)/s, 2);
    return { ...before, [name]: parseBoolean(content) };
  },
  decode: (value) =>
    Object.fromEntries(entriesOf(value).map(([name, content]) => [name, decodeBoolean(content)])),
});

export function splitPair(value: string): [string, string] {
  const mark = value.indexOf('=');
  if (mark <= 0) throw invalid(`invalid value ${JSON.stringify(value)}: use name=value`);
  return [value.slice(0, mark), value.slice(mark + 1)];
}

export function entriesOf(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('must be an object');
  return Object.entries(value);
}
