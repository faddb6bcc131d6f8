import { type Element, elementOfLink, type Firewall } from '#engine/firewall';
import type { Protocol } from '#engine/ports';

/** A container on a network whose members do not reach each other. */
export interface Member {
  readonly containerId: string;
  /** In lower case. */
  readonly names: readonly string[];
  /** IPv4; '' without. */
  readonly address: string;
  /** `80/tcp`: what it says it serves. */
  readonly ports: readonly string[];
  /** Names or ids of those that it is linked to. */
  readonly targets: readonly string[];
}

interface Membership {
  readonly bridge: string;
  readonly members: Map<string, Member>;
  elements: readonly Element[];
}

/**
 * What links open in networks without inter-container communication: from the one that has the link, the ports
 * that the other says it serves. As in Docker of IPv4 alone.
 */
export class LinkedPorts {
  readonly #firewall: Pick<Firewall, 'change'>;
  readonly #networks = new Map<string, Membership>();

  constructor(firewall: Pick<Firewall, 'change'>) {
    this.#firewall = firewall;
  }

  /** One that is there now, or has changed. */
  put(network: { readonly id: string; readonly bridge: string }, member: Member): void {
    const known = this.#networks.get(network.id) ?? {
      bridge: network.bridge,
      members: new Map<string, Member>(),
      elements: [],
    };
    this.#networks.set(network.id, known);
    known.members.set(member.containerId, member);
    this.#apply(known);
  }

  remove(networkId: string, containerId: string): void {
    const known = this.#networks.get(networkId);
    if (!known?.members.delete(containerId)) return;
    if (known.members.size === 0) this.#networks.delete(networkId);
    this.#apply(known);
  }

  #apply(known: Membership): void {
    const elements = elementsOf(known);
    if (elements.length + known.elements.length === 0) return;
    this.#firewall.change({ add: elements, remove: known.elements });
    known.elements = elements;
  }
}

function elementsOf({ bridge, members }: Membership): Element[] {
  const all = [...members.values()];
  return all.flatMap(({ targets, address: source }) =>
    all
      .filter((other) => targets.some((target) => isMeant(other, target)))
      .filter(({ address }) => source !== '' && address !== '')
      .flatMap(({ address, ports }) =>
        ports.map((text) => elementOfLink({ bridge, source, address, ...portOf(text) })),
      ),
  );
}

const isMeant = ({ containerId, names }: Member, target: string): boolean =>
  names.includes(target.toLowerCase()) || (target.length >= 12 && containerId.startsWith(target));

function portOf(text: string): { protocol: Protocol; port: number } {
  const [number = '', protocol] = text.split('/', 2);
  return { port: Number(number), protocol: protocol === 'udp' || protocol === 'sctp' ? protocol : 'tcp' };
}
