import { conflict, invalid, unavailable } from '#lib/errors';
import { addressAt, contains, formatSubnet, parseAddress, type Subnet, sizeOf } from './subnet.ts';

/**
 * Gives out the addresses of one subnet, round-robin: an address that was just freed comes
 * last, because the namespace that had it may answer ARP for a while after its end.
 */
export class Ipam {
  readonly subnet: Subnet;
  readonly #used = new Set<bigint>();
  readonly #first: bigint;
  readonly #last: bigint;
  #next: bigint;

  /** `reserved`: addresses never given out (the gateway). `cursor`: offset to begin with, see `cursor`. */
  constructor(subnet: Subnet, options: { reserved: readonly string[]; cursor?: bigint }) {
    this.subnet = subnet;
    const size = sizeOf(subnet);
    // The first address names the network (IPv4) or all its routers (IPv6, RFC 4291 2.6.1); the last of IPv4 is broadcast.
    this.#first = size > 2n ? 1n : 0n;
    this.#last = subnet.family === 4 && size > 2n ? size - 2n : size - 1n;
    this.#next = this.#clamp(options.cursor ?? this.#first);
    for (const address of options.reserved) this.#used.add(this.#offset(address));
  }

  /** Offset of the address that comes next; survives a restart when given back to the constructor. */
  get cursor(): bigint {
    return this.#next;
  }

  /** The next free address, or `requested` itself. @throws unavailable, conflict, invalid */
  allocate(requested?: string): string {
    if (requested !== undefined) return this.#claim(requested);
    const capacity = this.#last - this.#first + 1n;
    if (BigInt(this.#used.size) >= capacity) throw this.#exhausted();
    for (let tried = 0n; tried < capacity; tried++) {
      const offset = this.#next;
      this.#next = this.#clamp(offset + 1n);
      if (this.#used.has(offset)) continue;
      this.#used.add(offset);
      return addressAt(this.subnet, offset);
    }
    throw this.#exhausted();
  }

  /** Freeing what is not in use is fine. */
  release(address: string): void {
    if (contains(this.subnet, address)) this.#used.delete(this.#offset(address));
  }

  #claim(address: string): string {
    if (!contains(this.subnet, address)) {
      throw invalid(
        `no configured subnet contains IP address ${address}: the network's is ${formatSubnet(this.subnet)}`,
      );
    }
    const offset = this.#offset(address);
    if (offset < this.#first || offset > this.#last) {
      throw invalid(
        `IP address ${address} is the network or broadcast address of ${formatSubnet(this.subnet)}`,
      );
    }
    if (this.#used.has(offset)) throw conflict(`Address already in use: ${address}`);
    this.#used.add(offset);
    return addressAt(this.subnet, offset);
  }

  #offset(address: string): bigint {
    return (parseAddress(address)?.value ?? this.subnet.base) - this.subnet.base;
  }

  #clamp(offset: bigint): bigint {
    return offset >= this.#first && offset <= this.#last ? offset : this.#first;
  }

  #exhausted() {
    return unavailable(
      `no available IPv${this.subnet.family} addresses on this network's address pool ${formatSubnet(this.subnet)}`,
    );
  }
}
