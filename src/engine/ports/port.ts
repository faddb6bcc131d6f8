export type Protocol = 'tcp' | 'udp' | 'sctp';

/** What is asked for. */
export interface PortBinding {
  readonly containerPort: number;
  readonly protocol: Protocol;
  /** '': every address, IPv4 and IPv6. */
  readonly hostIp: string;
  /** 0: the engine picks one from the ephemeral range */
  readonly hostPort: number;
  /** With it, the first free port of hostPort..hostPortEnd is taken. */
  readonly hostPortEnd?: number;
}

/** A binding in force: one for IPv4 and one for IPv6 when hostIp was empty. */
export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: Protocol;
  readonly hostIp: string;
  /** 0: at the container's own address, in a routed network. */
  readonly hostPort: number;
}

/** Whose ports: the container that gets the traffic, at the endpoints that are its gateways. */
export interface PublishTarget {
  readonly containerId: string;
  readonly containerName: string;
  readonly endpointId: string;
  readonly address?: string;
  readonly address6?: string;
  /** Address of the host for bindings that name none. */
  readonly hostIp?: string;
  /** Its addresses are reached as they are: nothing is translated, and no port of the host is taken. */
  readonly routed4?: boolean;
  readonly routed6?: boolean;
  /** CIDR of the container's other networks: it would answer those directly, and not through us. */
  readonly nearby?: readonly string[];
}
