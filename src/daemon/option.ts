import { invalid } from '#lib/errors';
import { parseSize } from '#lib/sizes';

/** One setting of the daemon: a flag, a key of daemon.json, or both. */
export interface Option<T> {
  readonly help: string;
  readonly short?: string;
  /** Name in daemon.json where it is not the flag's; null: a flag only. */
  readonly key?: string | null;
  /** What the flag takes, for the help; absent for a switch. */
  readonly argument?: string;
  /** Takes one occurrence of the flag. @throws invalid */
  parse(text: string, before: T | undefined): T;
  /** Reads the value in daemon.json. @throws invalid */
  decode(value: unknown): T;
  /** Given both by flag and file: put together instead of refused. */
  merge?(flag: T, file: T): T;
}

type Details<T> = Pick<Option<T>, 'help' | 'short' | 'key'>;

export const text = (details: Details<string>): Option<string> => ({
  argument: 'string',
  ...details,
  parse: (value) => value,
  decode: (value) => {
    if (typeof value !== 'string') throw invalid('must be a string');
    return value;
  },
});

export const toggle = (details: Details<boolean>): Option<boolean> => ({
  ...details,
  parse: (value) => {
    if (value === '' || /^(true|1|t)$/i.test(value)) return true;
    if (/^(false|0|f)$/i.test(value)) return false;
    throw invalid(`invalid boolean ${JSON.stringify(value)}`);
  },
  decode: (value) => {
    if (typeof value !== 'boolean') throw invalid('must be true or false');
    return value;
  },
});

export const whole = (details: Details<number>): Option<number> => ({
  argument: 'int',
  ...details,
  parse: (value) => {
    if (!/^-?\d{1,15}$/.test(value)) throw invalid(`invalid number ${JSON.stringify(value)}`);
    return Number(value);
  },
  decode: (value) => {
    if (!Number.isSafeInteger(value)) throw invalid('must be a whole number');
    return value as number;
  },
});

/** Bytes; `64m` on the command line and in the file. */
export const bytes = (details: Details<number>): Option<number> => ({
  argument: 'bytes',
  ...details,
  parse: parseSize,
  decode: (value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    if (typeof value !== 'string') throw invalid('must be a size such as "64m"');
    return parseSize(value);
  },
});

export const list = (details: Details<readonly string[]>): Option<readonly string[]> => ({
  argument: 'list',
  ...details,
  parse: (value, before = []) => [...before, value],
  decode: (value) => {
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw invalid('must be an array of strings');
    }
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
    if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
      throw invalid('must be an object of strings');
    }
    return Object.fromEntries(entries);
  },
});

export interface Runtime {
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
}

/** `--add-runtime name=path`; in the file `{ name: { path, runtimeArgs } }`. */
export const runtimes = (details: Details<readonly Runtime[]>): Option<readonly Runtime[]> => ({
  argument: 'name=path',
  ...details,
  parse: (value, before = []) => {
    const [name, path] = splitPair(value);
    return [...before, { name, path, args: [] }];
  },
  decode: (value) =>
    entriesOf(value).map(([name, content]) => {
      const { path, runtimeArgs = [] } = Object.fromEntries(entriesOf(content));
      if (typeof path !== 'string' || !Array.isArray(runtimeArgs)) {
        throw invalid(`must give runtime ${name} a path and, if any, an array runtimeArgs`);
      }
      return { name, path, args: runtimeArgs.map(String) };
    }),
  merge: (flag, file) => [...file, ...flag],
});

export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** `--default-ulimit nofile=1024:2048`; in the file `{ nofile: { Name, Soft, Hard } }`. */
export const ulimits = (details: Details<readonly Ulimit[]>): Option<readonly Ulimit[]> => ({
  argument: 'ulimit',
  ...details,
  parse: (value, before = []) => {
    const [, name, soft, hard] = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(value) ?? [];
    if (!name) throw invalid(`invalid ulimit ${JSON.stringify(value)}: use name=soft[:hard]`);
    return [...before, { name, soft: Number(soft), hard: Number(hard ?? soft) }];
  },
  decode: (value) =>
    entriesOf(value).map(([name, content]) => {
      const { Soft, Hard } = Object.fromEntries(entriesOf(content));
      if (typeof Soft !== 'number' || typeof Hard !== 'number') {
        throw invalid(`must give ulimit ${name} numbers Soft and Hard`);
      }
      return { name, soft: Soft, hard: Hard };
    }),
});

function splitPair(value: string): [string, string] {
  const mark = value.indexOf('=');
  if (mark <= 0) throw invalid(`invalid value ${JSON.stringify(value)}: use name=value`);
  return [value.slice(0, mark), value.slice(mark + 1)];
}

function entriesOf(value: unknown): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('must be an object');
  return Object.entries(value);
}
