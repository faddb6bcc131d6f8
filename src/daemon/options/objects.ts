import { invalid } from '#lib/errors';
import { cidr } from './check.ts';
import { type Details, entriesOf, type Option, type Pairs, pairs, splitPair } from './option.ts';

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
      const { path, runtimeArgs = [], ...rest } = Object.fromEntries(entriesOf(content));
      if (typeof path !== 'string' || path === '' || !Array.isArray(runtimeArgs)) {
        throw invalid(`must give runtime ${name} a path and, if any, an array runtimeArgs`);
      }
      const [unknown] = Object.keys(rest);
      if (unknown !== undefined)
        throw invalid(`gives runtime ${name} ${unknown}, and knows path and runtimeArgs`);
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
    return [...before, ulimit(name, Number(soft), Number(hard ?? soft))];
  },
  decode: (value) =>
    entriesOf(value).map(([name, content]) => {
      const { Soft, Hard } = Object.fromEntries(entriesOf(content));
      if (!Number.isSafeInteger(Soft) || !Number.isSafeInteger(Hard)) {
        throw invalid(`must give ulimit ${name} numbers Soft and Hard`);
      }
      return ulimit(name, Soft as number, Hard as number);
    }),
});

function ulimit(name: string, soft: number, hard: number): Ulimit {
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw invalid(
      `ulimit soft limit must be less than or equal to hard limit: ${name} has ${soft} > ${hard}`,
    );
  return { name, soft, hard };
}

export interface AddressPool {
  /** `10.200.0.0/16` */
  readonly base: string;
  /** Prefix length of the subnets that networks get of it. */
  readonly size: number;
}

/** `--default-address-pool base=10.200.0.0/16,size=24`; in the file `[{ base, size }]`. */
export const addressPools = (details: Details<readonly AddressPool[]>): Option<readonly AddressPool[]> => ({
  argument: 'pool-options',
  ...details,
  parse: (value, before = []) => {
    const fields = Object.fromEntries(value.split(',').map(splitPair));
    return [...before, addressPool({ ...fields, size: Number(fields['size']) })];
  },
  decode: (value) => {
    if (!Array.isArray(value)) throw invalid('must be an array of objects with base and size');
    return value.map((pool) => addressPool(Object.fromEntries(entriesOf(pool))));
  },
});

function addressPool({ base, size, ...rest }: Readonly<Record<string, unknown>>): AddressPool {
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw invalid(`knows base and size, not ${unknown}`);
  if (typeof base !== 'string') throw invalid('must give each pool a base such as 10.200.0.0/16');
  const family = base.includes(':') ? 6 : 4;
  cidr(family)(base);
  const bits = family === 4 ? 32 : 128;
  const prefix = Number(base.split('/')[1]);
  if (!Number.isInteger(size) || Number(size) < prefix || Number(size) > bits)
    throw invalid(`must give pool ${base} a size from ${prefix} to ${bits}, the prefix of its subnets`);
  return { base, size: Number(size) };
}

export type NetworkOptions = Readonly<Record<string, Pairs>>;

/** `--default-network-opt bridge=com.docker.network.driver.mtu=1400`; in the file `{ bridge: { ... } }`. */
export const networkOptions = (details: Details<NetworkOptions>): Option<NetworkOptions> => {
  const one = pairs({ help: details.help });
  return {
    argument: 'driver=name=value',
    ...details,
    parse: (value, before = {}) => {
      const [driver, option] = splitPair(value);
      return { ...before, [driver]: one.parse(option, before[driver]) };
    },
    decode: (value) =>
      Object.fromEntries(entriesOf(value).map(([driver, options]) => [driver, one.decode(options)])),
  };
};
