// CONTRACT
import type { Events } from '#engine/events';
import type { Logger } from '#lib/log';
import type { Database } from '#store';
export interface PortBinding {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostIp: string /** 0: the engine picks one from the ephemeral range */;
  readonly hostPort: number;
  readonly hostPortEnd?: number;
}
/** A binding in force: one for IPv4 and one for IPv6 when hostIp was empty. */
export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostIp: string;
  readonly hostPort: number;
}
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: 'bridge' | 'host' | 'null';
  readonly scope: 'local';
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipv6: boolean;
  readonly ipam: readonly { readonly subnet: string; readonly gateway: string }[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}
export interface Endpoint {
  readonly networkId: string;
  readonly networkName: string;
  readonly endpointId: string;
  readonly sandboxId: string;
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
  readonly mac: string;
  readonly address6?: string;
  readonly prefix6?: number;
  readonly gateway6?: string;
  readonly aliases: readonly string[];
  readonly dnsNames: readonly string[];
}
/** A container's network: exists from start to stop, found again after a crash by the container's id. */
export interface Sandbox {
  readonly id: string;
  /** Network namespace file for config.json; absent for host mode. */
  readonly netns: string | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly PublishedPort[];
  /** Contents of the three files. Paths are files the engine made: <dir>/resolv.conf, hosts, hostname. */
}
export interface AttachOptions {
  readonly containerId: string;
  /** bridge | default | none | host | container:<id> (resolved to an id) | network name or id. */
  readonly mode: string;
  readonly name: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly aliases?: readonly string[];
  readonly mac?: string;
  readonly address?: string;
  readonly address6?: string;
  readonly ports: readonly PortBinding[];
  /** -P: these container ports get ephemeral host ports unless bound above. */
  readonly publishAll: readonly { containerPort: number; protocol: 'tcp' | 'udp' | 'sctp' }[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** `name:ip`; ip may be `host-gateway`. */
  readonly extraHosts: readonly string[];
  /** Sysctls of the net namespace (`net.*`). */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Where resolv.conf, hosts and hostname are written. */
  readonly directory: string;
  /** The sandbox joined with container:<id> mode. */
  readonly join?: string;
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
  readonly bridge?: string;
  readonly mtu?: number;
  readonly ipv6Subnet?: string;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** Ready-made sandboxes kept in the pool. */
  readonly poolSize: number;
}
export declare class Networks {
  static open(options: NetworksOptions): Promise<Networks>;
  list(): Network[];
  get(reference: string): Network;
  create(options: {
    name: string;
    driver: string;
    subnet?: string;
    gateway?: string;
    internal?: boolean;
    ipv6?: boolean;
    attachable?: boolean;
    labels: Readonly<Record<string, string>>;
    options: Readonly<Record<string, string>>;
  }): Promise<Network>;
  remove(reference: string): Promise<void>;
  prune(options: {
    matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean;
    until?: bigint;
  }): Promise<string[]>;
  /** All or nothing: netns, veth, addresses, published ports, the three files. Port in use -> conflict-like system text as Docker's `Bind for 0.0.0.0:80 failed: port is already allocated`. */
  attach(options: AttachOptions): Promise<Sandbox>;
  /** Undoes attach; missing is fine. Ports are free when it resolves; the kernel drops the rest by itself. */
  detach(containerId: string): Promise<void>;
  sandbox(containerId: string): Sandbox | undefined;
  /** Endpoints of a network for inspect: container id -> endpoint. */
  endpoints(networkId: string): ReadonlyMap<string, Endpoint>;
  /** After a start of the daemon: keeps the sandboxes of `alive`, removes every other netns, port and veth of this instance. */
  recover(alive: ReadonlySet<string>): Promise<void>;
  /** rx/tx counters of a sandbox's interfaces by name, for stats. */
  statistics(
    containerId: string,
  ): Promise<
    Readonly<
      Record<
        string,
        {
          rxBytes: number;
          rxPackets: number;
          rxErrors: number;
          rxDropped: number;
          txBytes: number;
          txPackets: number;
          txErrors: number;
          txDropped: number;
        }
      >
    >
  >;
  /** Leaves running sandboxes alone; with `teardown` (nothing runs) removes bridge and table. */
  close(options?: { teardown?: boolean }): Promise<void>;
}
