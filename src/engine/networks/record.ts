import type { UpstreamServer } from '#engine/dns';
import type { GatewayMode } from '#engine/firewall';
import type { PortBinding, PublishedPort } from '#engine/ports';
import type { IpvlanFlag, IpvlanMode, MacvlanMode } from '#linux/netlink';
import type { NetworkDriver, NetworkPool } from './network.ts';
import type { Endpoint } from './sandbox.ts';

/** The Linux bridge of a network. Immutable once containers use it. */
export interface BridgeRecord {
  readonly name: string;
  /** False for a bridge of the administrator (`--bridge`): used, never changed or deleted. */
  readonly ours: boolean;
  readonly mtu?: number;
  readonly masquerade: boolean;
  /** Its containers reach each other. */
  readonly icc: boolean;
  readonly gatewayMode4: GatewayMode;
  readonly gatewayMode6: GatewayMode;
  /** The gateway is somebody else: the bridge itself has no IPv4 address. */
  readonly inhibitIpv4: boolean;
  /** Address of the host that ports are published on when the container names none. */
  readonly hostBinding?: string;
  /** Address of the host that its packets leave under; without one the host's choice. */
  readonly hostIp4?: string;
  readonly hostIp6?: string;
  /** Interfaces of the host from which containers are reached without being published. */
  readonly trustedInterfaces: readonly string[];
}

/** The interface whose wire the containers of a macvlan or ipvlan network share. */
export interface ParentRecord {
  readonly name: string;
  /** Made by us, and ours to delete: a VLAN of `of`, or a wire that leads nowhere. */
  readonly made?: { readonly vlan: number; readonly of: string } | 'dummy';
  readonly mtu?: number;
  readonly mode: MacvlanMode | IpvlanMode;
  /** Of ipvlan. */
  readonly flag?: IpvlanFlag;
}

/** A block of addresses of a network, as stored. */
export interface PoolRecord extends NetworkPool {
  /** Its creator named it: only such a subnet takes `--ip`. */
  readonly configured: boolean;
  /** Offset in the subnet where the next life of the engine begins to give out addresses; written ahead of use. */
  readonly cursor?: string;
}

/** A stored network; key: its id. */
export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly driver: NetworkDriver;
  readonly scope: string;
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipamDriver: string;
  readonly ipamOptions?: Readonly<Record<string, string>>;
  /** IPv4 first. Mutable: the cursors. */
  readonly pools: readonly PoolRecord[];
  readonly configOnly: boolean;
  readonly configFrom: string;
  readonly bridge?: BridgeRecord;
  readonly parent?: ParentRecord;
}

export interface ResolverSettings {
  readonly servers?: readonly UpstreamServer[];
  readonly ndots: boolean;
}

/** A stored sandbox; key: the container's id, of an abandoned one its own. Written before the container may use it. */
export interface SandboxRecord {
  readonly sandboxId: string;
  readonly containerId: string;
  /** Mutable (rename). */
  readonly containerName: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly mode: 'private' | 'host' | 'container';
  /** Of mode `container`: the sandbox that is joined. */
  readonly joins?: string;
  readonly netns?: string;
  /** Mutable (connect, disconnect). In the order in which they were connected. */
  readonly endpoints: readonly Endpoint[];
  /** Mutable: they move with the gateway. */
  readonly ports: readonly PublishedPort[];
  /** What was asked to be published. */
  readonly bindings: readonly PortBinding[];
  /** `80/tcp`: what the container says it serves. */
  readonly exposedPorts?: readonly string[];
  /** Of one with a resolver of its own: whom it asks (absent: the host's servers), and whether about bare names too. */
  readonly resolver?: ResolverSettings;
  readonly directory: string;
  /** The owner has stopped while others still live in its namespace: addresses stay taken, ports are free. */
  readonly abandoned?: boolean;
}
