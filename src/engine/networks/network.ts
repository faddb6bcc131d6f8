import type { Events } from '#engine/events';
import type { PublishPolicy } from '#engine/firewall';
import type { OutsidePorts } from '#engine/ports';
import type { Logger } from '#lib/log';
import type { Database } from '#store';

export type NetworkDriver = 'bridge' | 'macvlan' | 'ipvlan' | 'host' | 'null';

/** A block of addresses of a network. */
export interface NetworkPool {
  readonly subnet: string;
  /** The part of `subnet` that addresses are given out from. */
  readonly ipRange?: string;
  readonly gateway?: string;
  /** Addresses that are never given out, by what has them. */
  readonly auxAddresses?: Readonly<Record<string, string>>;
}

/** A network as `network inspect` shows it. */
export interface Network {
  readonly id: string;
  readonly name: string;
  /** '' of one that is only a configuration, or what its creator wrote there. */
  readonly driver: string;
  readonly scope: string;
  /** RFC 3339. */
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly ipam: {
    readonly driver: string;
    readonly options?: Readonly<Record<string, string>>;
    /** IPv4 first. */
    readonly pools: readonly NetworkPool[];
  };
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** It is nothing but settings that other networks are made from. */
  readonly configOnly: boolean;
  /** Name of the network that the settings came from; '' when they are its own. */
  readonly configFrom: string;
}

/** How full a block of addresses is. Numbers too large to be told exactly are the largest that can. */
export interface PoolUsage {
  readonly subnet: string;
  /** Those that are never given out included: network, gateway, broadcast. */
  readonly used: number;
  readonly available: number;
}

export interface CreateNetworkOptions {
  readonly name: string;
  readonly driver: string;
  readonly ipam?: {
    /** '' and `default`: ours; `null`: no addresses. */
    readonly driver?: string;
    readonly options?: Readonly<Record<string, string>>;
    /** Without a subnet: the first free one of the engine's address pools. */
    readonly pools?: readonly (Omit<NetworkPool, 'subnet'> & { readonly subnet?: string })[];
  };
  readonly internal?: boolean;
  /** Default true. */
  readonly ipv4?: boolean;
  /** Default false. */
  readonly ipv6?: boolean;
  readonly attachable?: boolean;
  readonly scope?: string;
  readonly configOnly?: boolean;
  /** Name or id of a network that is only a configuration. */
  readonly configFrom?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

/** Where subnets come from that nobody asked for: blocks of `size` bits out of `base`. */
export interface AddressPool {
  /** CIDR. */
  readonly base: string;
  /** Prefix length of each block. */
  readonly size: number;
}

export interface NetworksOptions {
  /** Rootless: the host's ports are not in our network. */
  readonly outsidePorts?: OutsidePorts | undefined;
  /** Distinguishes daemons on one host: names the bridge, the nftables table. `berth` for the default roots. */
  readonly instance: string;
  /** Directory for netns files, below the exec root. */
  readonly netnsRoot: string;
  /** Directory of the DNS server's, below the exec root. */
  readonly dnsRoot: string;
  readonly database: Database;
  readonly events: Events;
  readonly log: Logger;
  /** Address of the default bridge in CIDR; without it a free block of the address pools. */
  readonly bip?: string;
  /** The same of IPv6; its subnet is the default network's. */
  readonly bip6?: string;
  /** The part of the default network's subnet that addresses are given out from. */
  readonly fixedCidr?: string;
  /** An existing bridge to use instead of our own; `none`: there is no default network. */
  readonly bridge?: string;
  readonly mtu?: number;
  /** IPv6 on the default network. Default: where the host has it. */
  readonly ipv6?: boolean;
  /** CIDR of the default network; without it a ULA /64 derived from the instance. */
  readonly ipv6Subnet?: string;
  /** Gateway of the default network's containers, when it is not the bridge itself. */
  readonly defaultGateway?: string;
  readonly defaultGateway6?: string;
  /** Containers of the default network reach each other. Default true. */
  readonly icc?: boolean;
  /** Packets of the default network leave under the host's address. Default true. */
  readonly ipMasquerade?: boolean;
  /** Switch the kernel's forwarding on. Default true. */
  readonly ipForward?: boolean;
  /** Address of the host that the default network's ports are published on when none is named. Default: all. */
  readonly publishAddress?: string;
  /** What `host-gateway` stands for in extra hosts. Default: the default bridge's addresses. */
  readonly hostGateways?: readonly string[];
  /** Where subnets come from that nobody names. Default: Docker's. */
  readonly addressPools?: readonly AddressPool[];
  /** Options of new networks where their creator says nothing: driver -> option -> value. */
  readonly networkOptions?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** Who reaches published ports from other hosts. Default: those that the host's firewall lets in. */
  readonly publishPolicy?: PublishPolicy;
  /** Ready-made namespaces kept in the pool. */
  readonly poolSize: number;
}
