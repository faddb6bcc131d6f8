import ipaddr from 'ipaddr.js';
import { encodeName } from './message/name.ts';
import type { DnsEndpoint, DnsNetwork } from './view.ts';

/** An endpoint, ready to be put into answers. */
export interface Named {
  readonly containerId: string;
  /** Its name in the network's domain, in wire form; undefined when DNS cannot carry it. */
  readonly fullName: Buffer | undefined;
  readonly ipv4: readonly Buffer[];
  readonly ipv6: readonly Buffer[];
  readonly ports: ReadonlySet<string>;
}

/** The names and addresses on one network. */
export class NetworkNames {
  readonly #endpoints = new Map<string, { endpoint: DnsEndpoint; named: Named }>();
  readonly #byName = new Map<string, Named[]>();
  readonly #byAddress = new Map<string, Named>();
  #network: DnsNetwork;
  #subnets: readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

  constructor(network: DnsNetwork) {
    this.#network = network;
    this.#subnets = network.subnets.map((subnet) => ipaddr.parseCIDR(subnet));
  }

  get domain(): string {
    return this.#network.name.toLowerCase();
  }

  /** Whether a name or an id, however long, is that of the network. */
  isMeant(reference: string): boolean {
    const { id, name } = this.#network;
    return reference === name || (reference.length >= 12 && id.startsWith(reference));
  }

  /** In lower case. */
  named(name: string): readonly Named[] {
    return this.#byName.get(name) ?? [];
  }

  /** By an address in its normal spelling. */
  at(address: string): Named | undefined {
    return this.#byAddress.get(address);
  }

  /** Whether an address is one that only this network gives out. */
  covers(address: string): boolean {
    const parsed = ipaddr.parse(address);
    return this.#subnets.some(
      ([base, prefix]) => parsed.kind() === base.kind() && parsed.match(base, prefix),
    );
  }

  update(network: DnsNetwork): void {
    this.#network = network;
    this.#subnets = network.subnets.map((subnet) => ipaddr.parseCIDR(subnet));
  }

  put(endpoint: DnsEndpoint): void {
    this.remove(endpoint.containerId);
    const named = this.#prepare(endpoint);
    this.#endpoints.set(endpoint.containerId, { endpoint, named });
    for (const name of keysOf(endpoint)) {
      const all = this.#byName.get(name);
      if (all) all.push(named);
      else this.#byName.set(name, [named]);
    }
    for (const address of endpoint.addresses) this.#byAddress.set(normal(address), named);
  }

  remove(containerId: string): void {
    const known = this.#endpoints.get(containerId);
    if (!known) return;
    this.#endpoints.delete(containerId);
    for (const name of keysOf(known.endpoint)) {
      const left = this.named(name).filter((other) => other !== known.named);
      if (left.length > 0) this.#byName.set(name, left);
      else this.#byName.delete(name);
    }
    for (const address of known.endpoint.addresses.map(normal)) {
      // Another may have been given it meanwhile.
      if (this.#byAddress.get(address) === known.named) this.#byAddress.delete(address);
    }
  }

  #prepare({ containerId, names, addresses, ports }: DnsEndpoint): Named {
    const bytes = addresses.map((address) => Buffer.from(ipaddr.parse(address).toByteArray()));
    return {
      containerId,
      fullName: encodeName(`${names[0] ?? ''}.${this.#network.name}`),
      ipv4: bytes.filter(({ length }) => length === 4),
      ipv6: bytes.filter(({ length }) => length === 16),
      ports: new Set(ports),
    };
  }
}

const keysOf = (endpoint: DnsEndpoint): Set<string> =>
  new Set(endpoint.names.map((name) => name.toLowerCase()));

function normal(address: string): string {
  const parsed = ipaddr.parse(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString();
}
