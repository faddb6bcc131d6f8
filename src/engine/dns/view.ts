/** A network whose names can be resolved on it. */
export interface DnsNetwork {
  readonly id: string;
  /** Also the domain of its names: `web.mynet`. */
  readonly name: string;
  /** CIDR. Addresses of these are never asked of an upstream. */
  readonly subnets: readonly string[];
}

/** A container on a network, as the others on it find it. */
export interface DnsEndpoint {
  readonly networkId: string;
  readonly containerId: string;
  /** The first is the container's name, and what its addresses are resolved to. */
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  /** `80/tcp`: what SRV queries are answered with. */
  readonly ports: readonly string[];
}

/** A server that is asked what we do not know. */
export interface UpstreamServer {
  readonly address: string;
  /** Default 53. */
  readonly port?: number;
  /** Asked from the host's network namespace, because the container's cannot reach it. */
  readonly fromHost: boolean;
}

/** A network as one container on it sees it. */
export interface DnsSight {
  readonly id: string;
  /** Names of `--link` that only this container knows: alias to the name or id of another on the network. */
  readonly links: Readonly<Record<string, string>>;
}

/** What one container's resolver knows and asks. */
export interface DnsClient {
  readonly sandboxId: string;
  /** Its network namespace's file. */
  readonly netns: string;
  /** In the order in which they are searched. */
  readonly networks: readonly DnsSight[];
  /** `host`: those that the host's own resolv.conf names at the time, and Google's when it names none. */
  readonly servers: readonly UpstreamServer[] | 'host';
  /** It can reach the outside at all: else the host's servers are not asked on its behalf. */
  readonly external: boolean;
  /** It has IPv6 addresses: else the host's IPv6 servers are asked from the host. */
  readonly ipv6: boolean;
  /** The option `ndots` was given with more than 0: then a name without a dot is not asked of an upstream. */
  readonly ndots: boolean;
}
