import type { Protocol } from './port.ts';

/** A port of the host as it is bound: a wildcard (`0.0.0.0`, `::`) covers every address of its family. */
export interface HostPort {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);
const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';
const clash = (a: string, b: string): boolean =>
  a === b || (familyOf(a) === familyOf(b) && (isWildcard(a) || isWildcard(b)));

/**
 * Who has which port of the host. Every change is synchronous, so that two starts at
 * once can never both be told that a port is free.
 */
export class PortAllocator {
  /** `tcp/80` -> address -> owner. */
  readonly #owners = new Map<string, Map<string, string>>();
  #lastEphemeral = 0;

  /** Takes all of `ports` or none: then returns the one that somebody has. */
  claim(owner: string, ports: readonly HostPort[]): HostPort | undefined {
    const taken: HostPort[] = [];
    for (const port of ports) {
      if (this.isTaken(port)) {
        for (const undo of taken) this.release(owner, undo);
        return port;
      }
      const key = `${port.protocol}/${port.port}`;
      const addresses = this.#owners.get(key) ?? new Map<string, string>();
      addresses.set(port.address, owner);
      this.#owners.set(key, addresses);
      taken.push(port);
    }
    return undefined;
  }

  isTaken(port: HostPort): boolean {
    for (const address of this.#owners.get(`${port.protocol}/${port.port}`)?.keys() ?? []) {
      if (clash(address, port.address)) return true;
    }
    return false;
  }

  /** Frees the port if `owner` has it. */
  release(owner: string, port: HostPort): void {
    const key = `${port.protocol}/${port.port}`;
    const addresses = this.#owners.get(key);
    if (addresses?.get(port.address) !== owner) return;
    addresses.delete(port.address);
    if (addresses.size === 0) this.#owners.delete(key);
  }

  ownerOf(port: HostPort): string | undefined {
    return this.#owners.get(`${port.protocol}/${port.port}`)?.get(port.address);
  }

  /** Number of ports held by anybody. */
  get size(): number {
    let size = 0;
    for (const addresses of this.#owners.values()) size += addresses.size;
    return size;
  }

  /** Every port of `first..last` once, beginning after the one that was handed out last. */
  *ephemeral(first: number, last: number): Generator<number> {
    const count = last - first + 1;
    const begin =
      this.#lastEphemeral >= first && this.#lastEphemeral < last ? this.#lastEphemeral + 1 : first;
    for (let step = 0; step < count; step++) {
      const port = first + ((begin - first + step) % count);
      this.#lastEphemeral = port;
      yield port;
    }
  }
}
