/**
 * rtnetlink(7) requests as plain data, so that they can be sent to a worker and compared in tests.
 * Named by what they do; names and addresses as text, indices are resolved by name at send time.
 */
export type Request =
  | LinkRequest
  | PortRequest
  | QueueRequest
  | { op: 'addr-add'; name: string; address: string; prefix: number; nodad?: boolean }
  | { op: 'addr-del'; name: string; address: string; prefix: number }
  | ({ op: 'route-add' } & RouteSpec)
  /** In place of any other route to that destination with that metric. */
  | ({ op: 'route-replace' } & RouteSpec)
  | ({ op: 'route-del' } & RouteSpec);

export type LinkRequest =
  /** Created down. */
  | { op: 'link-add-bridge'; name: string; mac?: string; mtu?: number }
  /**
   * veth, up, with its peer (down) created directly inside `peerNetns` (a path). `mac` is the
   * peer's, `mtu` both ends'.
   */
  | {
      op: 'link-add-veth';
      name: string;
      peer: string;
      peerNetns: string;
      master?: string;
      mac?: string;
      mtu?: number;
    }
  /** Created down, directly inside `netns` (a path). EOPNOTSUPP where the kernel has no such links. */
  | ({ op: 'link-add-macvlan'; mode: MacvlanMode } & SlaveLink)
  | ({ op: 'link-add-ipvlan'; mode: IpvlanMode; flag: IpvlanFlag } & SlaveLink)
  /** 802.1Q, created down. EOPNOTSUPP where the kernel has none. */
  | { op: 'link-add-vlan'; name: string; parent: string; id: number }
  /** Created down. EOPNOTSUPP where the kernel has none. */
  | { op: 'link-add-dummy'; name: string }
  | { op: 'link-up'; name: string }
  | { op: 'link-down'; name: string }
  /** While it is down. */
  | { op: 'link-rename'; name: string; to: string }
  | { op: 'link-master'; name: string; master: string }
  /** A veth blocks for 14-24 ms: where it can, drop the namespace of its peer instead. */
  | { op: 'link-del'; name: string };

/** A link that shares another one's wire. */
interface SlaveLink {
  name: string;
  parent: string;
  netns: string;
  mac?: string;
  mtu?: number;
}

export type MacvlanMode = 'private' | 'vepa' | 'bridge' | 'passthru';
export type IpvlanMode = 'l2' | 'l3' | 'l3s';
export type IpvlanFlag = 'bridge' | 'private' | 'vepa';

/** What a bridge does with one of its ports. */
export type PortRequest =
  /** It may send back where it came from: a container to its own published port. */
  | { op: 'link-hairpin'; name: string; on: boolean }
  /** It reaches the bridge itself, and no other port that is isolated. */
  | { op: 'link-isolate'; name: string; on: boolean };

/** The queue in front of what a link sends. */
export type QueueRequest =
  /** A token bucket, `rate` bytes a second; replaces what is there. */
  | { op: 'queue-limit'; name: string; rate: number }
  /** Back to the kernel's default. */
  | { op: 'queue-reset'; name: string };

/** No destination: the default route, of the gateway's family (IPv4 without one). */
export interface RouteSpec {
  destination?: string;
  /** Default: the whole address. */
  prefix?: number;
  gateway?: string;
  name?: string;
  /** Of the default route when there is no gateway. Default 4. */
  family?: 4 | 6;
  type?: 'unicast' | 'local';
  /** Default: main, or local for the type local. */
  table?: number;
  metric?: number;
}
