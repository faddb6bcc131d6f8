/**
 * rtnetlink(7) requests as plain data, so that they can be sent to a worker and compared in tests.
 * Named by what they do; names and addresses as text, indices are resolved by name at send time.
 */
export type Request =
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
  | { op: 'link-up'; name: string }
  /** A veth blocks for 14-24 ms: where it can, drop the namespace of its peer instead. */
  | { op: 'link-del'; name: string }
  /** A port of a bridge may send back where it came from: a container to its own published port. */
  | { op: 'link-hairpin'; name: string; on: boolean }
  | { op: 'addr-add'; name: string; address: string; prefix: number; nodad?: boolean }
  | { op: 'addr-del'; name: string; address: string; prefix: number }
  | ({ op: 'route-add' } & RouteSpec)
  | ({ op: 'route-del' } & RouteSpec);

/** No destination: the default route, of the gateway's family (IPv4 without one). */
export interface RouteSpec {
  destination?: string;
  /** Default: the whole address. */
  prefix?: number;
  gateway?: string;
  name?: string;
  type?: 'unicast' | 'local';
  /** Default: main, or local for the type local. */
  table?: number;
  metric?: number;
}
