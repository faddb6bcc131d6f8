// CONTRACT: rtnetlink(7) requests as plain data, so that they can be sent to a worker.
// The concrete builders are named by what they do; names, addresses as text, indices resolved by name at send time.
export type Request =
  | { op: 'link-add-bridge'; name: string; mac?: string; mtu?: number }
  /** veth with its peer created directly inside `peerNetns` (a path). */
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
  | { op: 'link-del'; name: string }
  | { op: 'link-hairpin'; name: string; on: boolean }
  | { op: 'addr-add'; name: string; address: string; prefix: number; nodad?: boolean }
  | { op: 'addr-del'; name: string; address: string; prefix: number }
  | {
      op: 'route-add';
      destination?: string;
      prefix?: number;
      gateway?: string;
      name?: string;
      type?: 'unicast' | 'local';
      table?: number;
      metric?: number;
    };
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mac: string;
  readonly mtu: number;
  readonly kind?: string;
  readonly master?: number;
}
export interface Address {
  readonly index: number;
  readonly address: string;
  readonly prefix: number;
}
export interface Route {
  readonly destination: string;
  readonly prefix: number;
  readonly gateway?: string;
  readonly index?: number;
}
/** A NETLINK_ROUTE socket in the namespace of the thread that opened it. All calls are synchronous (50-250 us). */
export declare class RouteSocket implements Disposable {
  constructor();
  /** One sendmsg for all; a failure names the request, the errno and the kernel's own text. Ignorable errnos may be listed. */
  send(requests: readonly Request[], options?: { ignore?: readonly string[] }): void;
  links(): Link[];
  link(name: string): Link | undefined;
  addresses(family?: 4 | 6): Address[];
  routes(family?: 4 | 6): Route[];
  [Symbol.dispose](): void;
}
/** Removes conntrack entries whose reply comes from `address` (a removed endpoint). Synchronous, one ctnetlink message; dump+delete on older kernels. */
export declare function flushConntrack(address: string): void;
