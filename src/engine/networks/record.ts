import type { PublishedPort } from '#engine/ports';
import type { Network } from './network.ts';
import type { Endpoint } from './sandbox.ts';

/** The Linux bridge of a network. Immutable once containers use it. */
export interface BridgeRecord {
  readonly name: string;
  /** False for a bridge of the administrator (`--bridge`): used, never changed or deleted. */
  readonly ours: boolean;
  readonly subnet: string;
  readonly gateway: string;
  /** Absent when the kernel has no IPv6. */
  readonly subnet6?: string;
  readonly gateway6?: string;
  readonly mtu?: number;
  readonly masquerade: boolean;
}

/** A stored network; key: its id. */
export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  readonly driver: Network['driver'];
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly bridge?: BridgeRecord;
  /** Offset in the subnet where the next life of the engine begins to give out addresses; written ahead of use. */
  readonly cursor?: number;
}

/** A stored sandbox; key: the container's id. Written before the container may use it. */
export interface SandboxRecord {
  readonly sandboxId: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly mode: 'bridge' | 'none' | 'host' | 'container';
  /** Of mode `container`: the sandbox that is joined. */
  readonly joins?: string;
  readonly netns?: string;
  /** The host's end of the veth pair. */
  readonly veth?: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly PublishedPort[];
  readonly directory: string;
  /** The owner has stopped while others still live in its namespace: addresses stay taken, ports are free. */
  readonly abandoned?: boolean;
}
