import type { PortBinding, Protocol, PublishedPort } from '#engine/ports';

/** Addresses of one endpoint, with all that is needed to set them. */
export interface Lease {
  /** '' in the networks `none` and `host`. */
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
  readonly mac: string;
  readonly address6?: string;
  readonly prefix6?: number;
  readonly gateway6?: string;
}

export interface Endpoint extends Lease {
  readonly networkId: string;
  readonly networkName: string;
  readonly endpointId: string;
  readonly sandboxId: string;
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
}

/**
 * Makes a network namespace and binds it at `path`, in place of the engine's own worker: for a container whose
 * user namespace is to own it. Not called where the container gets no namespace of its own.
 */
export type MakeNetns = (path: string) => Promise<void>;

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
  readonly publishAll: readonly { containerPort: number; protocol: Protocol }[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  /** `name:ip`; ip may be `host-gateway`. */
  readonly extraHosts: readonly string[];
  /** Sysctls of the net namespace (`net.*`). */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Where resolv.conf, hosts and hostname are written. */
  readonly directory: string;
  readonly makeNetns?: MakeNetns;
  /** Id of the container whose sandbox is joined, when `mode` does not already say so as container:<id>. */
  readonly join?: string;
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
