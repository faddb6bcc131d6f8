import { codeOf } from '#lib/errors';
import { errnoName, SystemError } from '../errno.ts';
import { O_CLOEXEC } from '../ffi/constants.ts';
import { close, open } from '../ffi/descriptors.ts';
import { AF_INET, AF_INET6, formatAddress, formatMac, parseAddress } from './address.ts';
import {
  encode,
  IFA_ADDRESS,
  IFA_LOCAL,
  RT_TABLE_MAIN,
  RTA_DST,
  RTA_GATEWAY,
  RTA_OIF,
  RTA_TABLE,
  RTM_F_FIB_MATCH,
  RTM_GETADDR,
  RTM_GETROUTE,
  RTN_UNICAST,
} from './encode.ts';
import {
  type Body,
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINK,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  interfaceName,
  link as linkMessage,
  type Resolver,
  RTM_GETLINK,
  RTM_NEWLINK,
} from './encode-link.ts';
import {
  attribute,
  type Message,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_EXCL,
  NLM_F_REQUEST,
  parseAttributes,
  text,
  toText,
} from './message.ts';
import type { Request } from './request.ts';
import { NETLINK_ROUTE, NetlinkSocket } from './socket.ts';

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mac: string;
  readonly mtu: number;
  /** `bridge`, `veth`...; absent for hardware and loopback. */
  readonly kind?: string;
  readonly master?: number;
  /** Index of the link whose wire it shares (macvlan, vlan) or of its other end (veth), maybe in another namespace. */
  readonly parent?: number;
}
export interface Address {
  readonly index: number;
  readonly address: string;
  readonly prefix: number;
}
/** A unicast route of the main table. The default route is 0.0.0.0/0 or ::/0. */
export interface Route {
  readonly destination: string;
  readonly prefix: number;
  readonly gateway?: string;
  readonly index?: number;
}

/** Addresses as the kernel has them: an address of the block, 4 or 16 bytes. */
export interface Block {
  readonly bytes: Buffer;
  readonly prefix: number;
  /** Of the interface; 0 for a route by none. */
  readonly index: number;
}

interface Pending {
  readonly request: Request;
  readonly body: Body;
}

/** Acknowledgements wait in the socket's buffer meanwhile, which is not endless. */
const BATCH = 128;

/** No route at all, and routes that refuse: `unreachable`, `prohibit`, `blackhole`. */
const NO_ROUTE: ReadonlySet<string> = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL']);

/** A dump that changed while it was read is read again, so often. */
const DUMP_ATTEMPTS = 5;

/**
 * A NETLINK_ROUTE socket in the namespace of the thread that opened it. All calls are synchronous
 * (50-250 us, longer while others hold the kernel's RTNL lock).
 */
export class RouteSocket implements Disposable {
  readonly #socket = new NetlinkSocket(NETLINK_ROUTE);

  /**
   * One sendmsg for all (one more where a request needs the index of a link made by an earlier
   * one). A failure names the request, the errno and the kernel's own text; requests after the
   * failed one may have been done: undo by deleting. Errnos in `ignore` are none.
   * @throws SystemError `netlink link-add-bridge(br0): EEXIST`, invalid
   */
  send(requests: readonly Request[], options: { ignore?: readonly string[] } = {}): void {
    let pending: Pending[] = [];
    const created = new Set<string>();
    const descriptors: number[] = [];
    const flush = () => {
      this.#flush(pending, options.ignore ?? []);
      pending = [];
      created.clear();
    };
    const resolver: Resolver = {
      index: (name) => {
        if (created.has(name)) flush();
        return this.#index(name);
      },
      netns: (path) => {
        const fd = open(path, O_CLOEXEC, 0);
        descriptors.push(fd);
        return fd;
      },
    };
    try {
      for (const request of requests) {
        // Before the push: encoding may flush, which starts a new list.
        const body = encode(request, resolver);
        pending.push({ request, body });
        if (request.op.startsWith('link-') && 'name' in request && request.name) created.add(request.name);
        if (pending.length >= BATCH) flush();
      }
      flush();
    } finally {
      for (const fd of descriptors) close(fd);
    }
  }

  #flush(pending: readonly Pending[], ignore: readonly string[]): void {
    if (pending.length === 0) return;
    // Only here do messages get their sequence numbers: look-ups went between the encodings.
    const messages = pending.map(({ body: { type, flags, parts } }) =>
      this.#socket.next(type, flags | NLM_F_REQUEST | NLM_F_ACK, parts),
    );
    for (const { index, errno, detail } of this.#socket.acknowledge(messages)) {
      const code = errnoName(errno);
      if (ignore.includes(code)) continue;
      const { op, ...fields } = pending[index]?.request ?? { op: 'request' };
      throw new SystemError(`netlink ${op}`, Object.values(fields), errno, code, detail);
    }
  }

  links(): Link[] {
    return this.#dump('links', RTM_GETLINK, [linkMessage()]).map(parseLink);
  }

  link(name: string): Link | undefined {
    const parts = [linkMessage(), interfaceName(name)];
    try {
      const [answer] = this.#socket.query(name, RTM_GETLINK, NLM_F_REQUEST, parts, false);
      return answer ? parseLink(answer) : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENODEV') return undefined;
      throw error;
    }
  }

  /**
   * Whether the kernel has links of a kind (`ipvlan`, `vlan`): it loads the module. Asked for a link that shares a
   * wire without naming the wire, a kernel that knows the kind refuses otherwise than one that does not.
   */
  knowsLinks(kind: string): boolean {
    const info = attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, text(kind))]);
    const flags = NLM_F_CREATE | NLM_F_EXCL | NLM_F_REQUEST | NLM_F_ACK;
    const probe = this.#socket.next(RTM_NEWLINK, flags, [linkMessage(), interfaceName('probe'), info]);
    const [failure] = this.#socket.acknowledge([probe]);
    if (!failure) this.send([{ op: 'link-del', name: 'probe' }]);
    return failure === undefined || errnoName(failure.errno) !== 'EOPNOTSUPP';
  }

  addresses(family?: 4 | 6): Address[] {
    const fixed = Buffer.from([familyNumber(family), 0, 0, 0, 0, 0, 0, 0]);
    return this.#dump('addresses', RTM_GETADDR, [fixed]).flatMap(parseAddressOf);
  }

  routes(family?: 4 | 6): Route[] {
    const fixed = Buffer.from([familyNumber(family), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    return this.#dump('routes', RTM_GETROUTE, [fixed]).flatMap(parseRoute);
  }

  /** The route that the host has for an address, of any table; undefined where it has none. */
  lookUp(address: string): { readonly prefix: number } | undefined {
    const { family, bytes } = parseAddress(address);
    const fixed = Buffer.alloc(12);
    fixed[0] = family;
    fixed[1] = bytes.length * 8;
    fixed.writeUInt32LE(RTM_F_FIB_MATCH, 8);
    try {
      const parts = [fixed, attribute(RTA_DST, bytes)];
      const [answer] = this.#socket.query(address, RTM_GETROUTE, NLM_F_REQUEST, parts, false);
      return answer && { prefix: answer.payload[1] ?? 0 };
    } catch (error) {
      if (NO_ROUTE.has(codeOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  /**
   * Blocks of addresses that interfaces have or that the main table routes, but for those of interfaces that
   * `except` names by index. Default routes, which cover everything, are left out.
   */
  blocks(except: ReadonlySet<number> = new Set()): Block[] {
    const routes = this.#dump('routes', RTM_GETROUTE, [Buffer.alloc(12)]).flatMap(parseRouteBlock);
    const addresses = this.#dump('addresses', RTM_GETADDR, [Buffer.alloc(8)]).flatMap(parseAddressBlock);
    return [...routes, ...addresses].filter(({ index, prefix }) => prefix > 0 && !except.has(index));
  }

  #index(name: string): number {
    const link = this.link(name);
    if (!link) throw new SystemError('netlink link-get', [name], 19, 'ENODEV', 'no such interface');
    return link.index;
  }

  #dump(name: string, type: number, parts: readonly Buffer[]): Message[] {
    for (let attempt = 1; ; attempt++) {
      const answers = this.#socket.query(name, type, NLM_F_REQUEST | NLM_F_DUMP, parts, true);
      const interrupted = answers.some(({ flags }) => flags & NLM_F_DUMP_INTR);
      if (!interrupted || attempt === DUMP_ATTEMPTS) return answers;
    }
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

const familyNumber = (family?: 4 | 6): number => (family === 4 ? AF_INET : family === 6 ? AF_INET6 : 0);

function parseLink({ payload }: Message): Link {
  const attributes = parseAttributes(payload.subarray(16));
  const kind = toText(parseAttributes(attributes.get(IFLA_LINKINFO) ?? Buffer.alloc(0)).get(IFLA_INFO_KIND));
  const master = attributes.get(IFLA_MASTER)?.readUInt32LE(0);
  const parent = attributes.get(IFLA_LINK)?.readUInt32LE(0);
  return {
    index: payload.readInt32LE(4),
    name: toText(attributes.get(IFLA_IFNAME)),
    up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
    mac: formatMac(attributes.get(IFLA_ADDRESS) ?? Buffer.alloc(0)),
    mtu: attributes.get(IFLA_MTU)?.readUInt32LE(0) ?? 0,
    ...(kind === '' ? {} : { kind }),
    ...(master === undefined ? {} : { master }),
    ...(parent === undefined ? {} : { parent }),
  };
}

function parseAddressOf({ payload }: Message): Address[] {
  const attributes = parseAttributes(payload.subarray(8));
  // On a point-to-point link IFA_ADDRESS is the other side's.
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  if (!bytes) return [];
  return [{ index: payload.readUInt32LE(4), address: formatAddress(bytes), prefix: payload[1] ?? 0 }];
}

function parseRoute({ payload }: Message): Route[] {
  const attributes = parseAttributes(payload.subarray(12));
  const table = attributes.get(RTA_TABLE)?.readUInt32LE(0) ?? payload[4];
  if (table !== RT_TABLE_MAIN || payload[7] !== RTN_UNICAST) return [];
  const any = Buffer.alloc(payload[0] === AF_INET6 ? 16 : 4);
  const gateway = attributes.get(RTA_GATEWAY);
  const index = attributes.get(RTA_OIF)?.readUInt32LE(0);
  return [
    {
      destination: formatAddress(attributes.get(RTA_DST) ?? any),
      prefix: payload[1] ?? 0,
      ...(gateway ? { gateway: formatAddress(gateway) } : {}),
      ...(index === undefined ? {} : { index }),
    },
  ];
}

function parseRouteBlock({ payload }: Message): Block[] {
  const attributes = parseAttributes(payload.subarray(12));
  const table = attributes.get(RTA_TABLE)?.readUInt32LE(0) ?? payload[4];
  const bytes = attributes.get(RTA_DST);
  if (!bytes || table !== RT_TABLE_MAIN || payload[7] !== RTN_UNICAST) return [];
  return [{ bytes, prefix: payload[1] ?? 0, index: attributes.get(RTA_OIF)?.readUInt32LE(0) ?? 0 }];
}

function parseAddressBlock({ payload }: Message): Block[] {
  const attributes = parseAttributes(payload.subarray(8));
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  return bytes ? [{ bytes, prefix: payload[1] ?? 0, index: payload.readUInt32LE(4) }] : [];
}
