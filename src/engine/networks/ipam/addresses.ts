import { forbidden, invalid, systemError } from '#lib/errors';
import { addressAt, contains, formatSubnet, parseAddress, type Subnet, sizeOf } from '../subnet.ts';

/**
 * Gives out the addresses of one subnet, round-robin: an address that was just freed comes
 * last, because the namespace that had it may answer ARP for a while after its end.
 */
export class SubnetAddresses {
  readonly subnet: Subnet;
  /** Offsets in the subnet. */
  readonly #used = new Set<bigint>();
  readonly #first: bigint;
  readonly #last: bigint;
  /** Of those between first and last. */
  #usedCount = 0n;
  #next: bigint;

  /**
   * `range`: the part of the subnet that is given out. `reserved`: addresses never given out (the gateway).
   * `cursor`: offset to begin with, see `cursor`.
   */
  constructor(
    subnet: Subnet,
    options: { range?: Subnet; reserved?: readonly string[]; cursor?: bigint } = {},
  ) {
    const { range = subnet, reserved = [], cursor } = options;
    this.subnet = subnet;
    const [first, last] = usable(subnet);
    const offset = range.base - subnet.base;
    this.#first = max(first, offset);
    this.#last = min(last, offset + sizeOf(range) - 1n);
    this.#next = this.#clamp(cursor ?? this.#first);
    for (const address of reserved) this.#take(this.#offset(address));
  }

  /** Offset of the address that comes next; survives a restart when given back to the constructor. */
  get cursor(): bigint {
    return this.#next;
  }

  get full(): boolean {
    return this.available === 0n;
  }

  /** Addresses that are left to be given out. */
  get available(): bigint {
    return this.#last - this.#first + 1n - this.#usedCount;
  }

  /** Taken, or never given out. */
  get used(): bigint {
    const [first, last] = usable(this.subnet);
    return BigInt(this.#used.size) + sizeOf(this.subnet) - (last - first + 1n);
  }

  contains(address: string): boolean {
    return contains(this.subnet, address);
  }

  /** Whether `--ip` may name it. */
  offers(address: string): boolean {
    if (!contains(this.subnet, address)) return false;
    const offset = this.#offset(address);
    return offset >= this.#first && offset <= this.#last;
  }

  /** The next free address, or `requested` itself. @throws system (none is left), forbidden (in use), invalid */
  allocate(requested?: string): string {
    if (requested !== undefined) return this.#claim(requested);
    if (this.full) throw exhausted(this.subnet);
    let offset = this.#next;
    while (this.#used.has(offset)) offset = this.#clamp(offset + 1n);
    this.#take(offset);
    this.#next = this.#clamp(offset + 1n);
    return addressAt(this.subnet, offset);
  }

  /** Freeing what is not in use is fine. */
  release(address: string): void {
    if (!contains(this.subnet, address)) return;
    const offset = this.#offset(address);
    if (this.#used.delete(offset) && this.#isOffered(offset)) this.#usedCount--;
  }

  #claim(address: string): string {
    const [first, last] = usable(this.subnet);
    if (!contains(this.subnet, address)) {
      throw invalid(
        `no configured subnet contains IP address ${address}: the network's is ${formatSubnet(this.subnet)}`,
      );
    }
    const offset = this.#offset(address);
    if (offset < first || offset > last) {
      throw invalid(
        `IP address ${address} is the network or broadcast address of ${formatSubnet(this.subnet)}`,
      );
    }
    if (this.#used.has(offset)) throw forbidden('Address already in use');
    this.#take(offset);
    return addressAt(this.subnet, offset);
  }

  #take(offset: bigint): void {
    if (this.#used.has(offset)) return;
    this.#used.add(offset);
    if (this.#isOffered(offset)) this.#usedCount++;
  }

  #isOffered(offset: bigint): boolean {
    return offset >= this.#first && offset <= this.#last;
  }

  #offset(address: string): bigint {
    return (parseAddress(address)?.value ?? this.subnet.base) - this.subnet.base;
  }

  #clamp(offset: bigint): bigint {
    return this.#isOffered(offset) ? offset : this.#first;
  }
}

/** The first address names the network (IPv4) or all its routers (IPv6, RFC 4291 2.6.1); the last of IPv4 is broadcast. */
function usable(subnet: Subnet): [bigint, bigint] {
  const size = sizeOf(subnet);
  const hasEnds = size > 2n;
  return [hasEnds ? 1n : 0n, subnet.family === 4 && hasEnds ? size - 2n : size - 1n];
}

export const exhausted = (subnet: Subnet) =>
  systemError(
    `no available IPv${subnet.family} addresses on this network's address pool ${formatSubnet(subnet)}`,
  );

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
