import type { Events } from '#engine/events';
import type { Logger } from '#lib/log';
import type { Database } from '#store';

/** A network as `network inspect` shows it. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: 'bridge' | 'host' | 'null';
  readonly scope: 'local';
  /** RFC 3339. */
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipv6: boolean;
  /** IPv4 first. */
  readonly ipam: readonly { readonly subnet: string; readonly gateway: string }[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface CreateNetworkOptions {
  readonly name: string;
  readonly driver: string;
  /** CIDR; the first free of Docker's pools without one. */
  readonly subnet?: string;
  readonly gateway?: string;
  readonly internal?: boolean;
  readonly ipv6?: boolean;
  readonly attachable?: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** `com.docker.network.bridge.name`, `...driver.mtu`, `...bridge.enable_ip_masquerade`. */
  readonly options: Readonly<Record<string, string>>;
}

export interface NetworksOptions {
  /** Distinguishes daemons on one host: names the bridge, the nftables table. `berth` for the default roots. */
  readonly instance: string;
  /** Directory for netns files, below the exec root. */
  readonly netnsRoot: string;
  readonly database: Database;
  readonly events: Events;
  readonly log: Logger;
  /** CIDR of the bridge's own address, `none`/undefined = pick a free /16 of Docker's pools (172.17-31, 192.168/20). */
  readonly bip?: string;
  /** An existing bridge to use instead of our own. */
  readonly bridge?: string;
  readonly mtu?: number;
  /** CIDR of the default network; without it a ULA /64 derived from the instance. */
  readonly ipv6Subnet?: string;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** Ready-made sandboxes kept in the pool. */
  readonly poolSize: number;
}
