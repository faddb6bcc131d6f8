import type { PortBinding, Protocol, PublishedPort } from '#engine/ports';
import type { HostEntry } from './hosts-file.ts';

/** Addresses of one endpoint, with all that is needed to set them. */
export interface Lease {
  /** '' without IPv4, and in the networks `none` and `host`. */
  readonly address: string;
  readonly prefix: number;
  /** '' where nothing leads out. */
  readonly gateway: string;
  /** '' in the networks `none` and `host`, and where it is the parent's. */
  readonly mac: string;
  readonly address6?: string;
  readonly prefix6?: number;
  readonly gateway6?: string;
}

/** Bytes a second; absent: as much as there is. */
export interface Bandwidth {
  /** To the container. */
  readonly in?: number;
  /** From the container. */
  readonly out?: number;
}

/** What a container asks of a network. */
export interface EndpointOptions {
  /** Name or id. */
  readonly network: string;
  readonly aliases?: readonly string[];
  /** `container:alias`: names that only this container knows others by. */
  readonly links?: readonly string[];
  readonly mac?: string;
  readonly address?: string;
  readonly address6?: string;
  readonly linkLocal?: readonly string[];
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** The network with the highest has the default route. */
  readonly gatewayPriority?: number;
}

/** A container's place on a network. */
export interface Endpoint extends Lease {
  readonly networkId: string;
  readonly networkName: string;
  readonly endpointId: string;
  readonly sandboxId: string;
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  readonly dnsNames: readonly string[];
  /** Interface in the container: `eth0`; '' in the networks `none` and `host`. */
  readonly interface: string;
  /** The host's end of the veth pair; absent where there is none. */
  readonly hostInterface?: string;
  /** Its default route names the interface, not a gateway. */
  readonly routesByInterface?: boolean;
  readonly linkLocal: readonly string[];
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly gatewayPriority: number;
  readonly bandwidth: Bandwidth;
  /** Being connected or disconnected: what the next life of the engine finds so, it takes away. */
  readonly pending?: boolean;
}

/** A container's network: exists from start to stop, found again after a crash by the container's id. */
export interface Sandbox {
  readonly id: string;
  /** Network namespace file for config.json; absent for host mode. */
  readonly netns: string | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly PublishedPort[];
}

/**
 * Makes a network namespace and binds it at `path`, in place of the engine's own worker: for a container whose
 * user namespace is to own it. Not called where the container gets no namespace of its own.
 */
export type MakeNetns = (path: string) => Promise<void>;

export interface AttachOptions {
  readonly containerId: string;
  /** private | host | container:<id>. Default private: a namespace of its own. */
  readonly mode?: string;
  /** The networks of a private one, in the order of its interfaces. */
  readonly endpoints: readonly EndpointOptions[];
  readonly name: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly ports: readonly PortBinding[];
  /** -P: these container ports get ephemeral host ports unless bound above. */
  readonly publishAll: readonly { containerPort: number; protocol: Protocol }[];
  /** `80/tcp`: what the container says it serves. */
  readonly exposedPorts?: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** `name:ip`; ip may be `host-gateway`. */
  readonly extraHosts: readonly string[];
  /** Lines of its hosts file for containers that it is linked to. */
  readonly linkedHosts?: readonly HostEntry[];
  /** Sysctls of the net namespace (`net.*`). */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Where resolv.conf, hosts and hostname are written. */
  readonly directory: string;
  readonly makeNetns?: MakeNetns;
  /**
   * Called when the namespace and the files are there, while the rest is being made: what needs no more can go on.
   * Nothing may run in the namespace before `attach` has ended.
   */
  readonly placed?: (netns: string) => void;
}

/** Counters of one interface as the container sees it. */
export interface InterfaceCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}
