import { invalid, systemError } from '#lib/errors';
import type { PoolUsage } from '../network.ts';
import type { NetworkRecord, PoolRecord } from '../record.ts';
import type { Lease } from '../sandbox.ts';
import { parseCidr } from '../subnet.ts';
import { SubnetAddresses } from './addresses.ts';

/** The cursor is stored once in so many leases, and so far ahead. */
const CURSOR_STEP = 64;

export interface AskedAddresses {
  readonly address?: string;
  readonly address6?: string;
}
type Addresses = Omit<Lease, 'mac'>;

/** Auxiliary addresses that stand for the gateway of the containers, when that is not the bridge. */
const DEFAULT_GATEWAYS = ['DefaultGatewayIPv4', 'DefaultGatewayIPv6'];

interface Pool {
  readonly record: PoolRecord;
  readonly addresses: SubnetAddresses;
  /** Of its containers. */
  readonly gateway: string | undefined;
}

/** Who has which address of a network. */
export class NetworkAddresses {
  readonly #name: string;
  readonly #internal: boolean;
  readonly #pools: Readonly<Record<4 | 6, readonly Pool[]>>;
  readonly #saveCursors: (cursors: ReadonlyMap<string, string>) => void;
  #leases = 0;
  #given = 0;

  /** `saveCursors`: by subnet, for the next life of the engine. */
  constructor(record: NetworkRecord, saveCursors: (cursors: ReadonlyMap<string, string>) => void) {
    this.#name = `${record.name} (${record.id})`;
    this.#internal = record.internal;
    this.#saveCursors = saveCursors;
    const pools = record.pools.map(openPool);
    this.#pools = {
      4: pools.filter(({ addresses }) => addresses.subnet.family === 4),
      6: pools.filter(({ addresses }) => addresses.subnet.family === 6),
    };
  }

  /** Endpoints, those being made included. */
  get leases(): number {
    return this.#leases;
  }

  usage(): PoolUsage[] {
    return [...this.#pools[4], ...this.#pools[6]].map(({ record, addresses }) => ({
      subnet: record.subnet,
      used: countOf(addresses.used),
      available: countOf(addresses.available),
    }));
  }

  /** Addresses for a new endpoint, all or none. @throws invalid, forbidden (in use), system (none is left) */
  lease(asked: AskedAddresses = {}): Addresses {
    const four = this.#allocate(4, asked.address);
    try {
      const six = this.#allocate(6, asked.address6);
      this.#leases++;
      this.#advance();
      return { ...ipv4Of(four, this.#internal), ...ipv6Of(six, this.#internal) };
    } catch (error) {
      if (four) four.pool.addresses.release(four.address);
      throw error;
    }
  }

  /** Takes the addresses of an endpoint that an earlier life of the engine made. @throws forbidden */
  adopt(endpoint: AskedAddresses): void {
    for (const address of [endpoint.address, endpoint.address6]) {
      if (address) this.#poolOf(address)?.addresses.allocate(address);
    }
    this.#leases++;
  }

  release(lease: AskedAddresses): void {
    for (const address of [lease.address, lease.address6]) {
      if (address) this.#poolOf(address)?.addresses.release(address);
    }
    this.#leases--;
  }

  #allocate(family: 4 | 6, asked: string | undefined): { pool: Pool; address: string } | undefined {
    const pools = this.#pools[family];
    if (asked !== undefined) {
      const pool = pools.find(({ addresses }) => addresses.offers(asked));
      if (!pools.some(({ record }) => record.configured)) {
        throw invalid(
          'user specified IP address is supported only when connecting to networks with user configured subnets',
        );
      }
      if (!pool) throw invalid(`no configured subnet or ip-range contain the IP address ${asked}`);
      return { pool, address: pool.addresses.allocate(asked) };
    }
    if (pools.length === 0) return undefined;
    const pool = pools.find(({ addresses }) => !addresses.full);
    if (!pool) {
      throw systemError(`no available IPv${family} addresses on this network's address pools: ${this.#name}`);
    }
    return { pool, address: pool.addresses.allocate() };
  }

  #poolOf(address: string): Pool | undefined {
    const family = address.includes(':') ? 6 : 4;
    return this.#pools[family].find(({ addresses }) => addresses.contains(address));
  }

  #advance(): void {
    if (this.#given++ % CURSOR_STEP !== 0) return;
    const ahead = BigInt(CURSOR_STEP);
    const pools = [...this.#pools[4], ...this.#pools[6]];
    this.#saveCursors(
      new Map(pools.map(({ record, addresses }) => [record.subnet, String(addresses.cursor + ahead)])),
    );
  }
}

const countOf = (count: bigint): number =>
  count > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(count);

function openPool(record: PoolRecord): Pool {
  const { subnet } = parseCidr(record.subnet);
  const addresses = new SubnetAddresses(subnet, {
    ...(record.ipRange === undefined ? {} : { range: parseCidr(record.ipRange).subnet }),
    reserved: [
      ...(record.gateway === undefined ? [] : [record.gateway]),
      ...Object.values(record.auxAddresses ?? {}),
    ],
    ...(record.cursor === undefined ? {} : { cursor: BigInt(record.cursor) }),
  });
  const gateway = DEFAULT_GATEWAYS.map((name) => record.auxAddresses?.[name]).find(Boolean);
  return { record, addresses, gateway: gateway ?? record.gateway };
}

type Given = { pool: Pool; address: string } | undefined;

const ipv4Of = (given: Given, internal: boolean): Pick<Lease, 'address' | 'prefix' | 'gateway'> =>
  given
    ? {
        address: given.address,
        prefix: given.pool.addresses.subnet.prefix,
        gateway: internal ? '' : (given.pool.gateway ?? ''),
      }
    : { address: '', prefix: 0, gateway: '' };

function ipv6Of(given: Given, internal: boolean): Pick<Lease, 'address6' | 'prefix6' | 'gateway6'> {
  if (!given) return {};
  const { gateway } = given.pool;
  return {
    address6: given.address,
    prefix6: given.pool.addresses.subnet.prefix,
    ...(gateway === undefined || internal ? {} : { gateway6: gateway }),
  };
}
