import { invalid } from '#lib/errors';
import { AF_INET, AF_INET6, broadcast, parseAddress, parseMac, type RawAddress } from './address.ts';
import { attribute, NLM_F_CREATE, NLM_F_EXCL, text, u8, u32 } from './message.ts';
import type { Request, RouteSpec } from './request.ts';

/** A message without its header's length and sequence. */
export interface Body {
  readonly type: number;
  readonly flags: number;
  readonly parts: readonly Buffer[];
}

/** What an encoder has to look up on the way. */
export interface Resolver {
  /** Interface index of a name. @throws SystemError `ENODEV` */
  index(name: string): number;
  /** An open descriptor of a namespace file; it stays open until the message is sent. */
  netns(path: string): number;
}

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const IFF_UP = 1;

export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_MASTER = 10;
export const IFLA_LINKINFO = 18;
const IFLA_NET_NS_FD = 28;
export const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT_MODE = 4;

export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_F_NODAD = 2;

export const RTA_DST = 1;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
export const RTA_TABLE = 15;
export const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
const RTPROT_BOOT = 3;
const RT_SCOPE_LINK = 253;
const RT_SCOPE_HOST = 254;
export const RTN_UNICAST = 1;
const RTN_LOCAL = 2;

/** IFNAMSIZ, without the NUL. */
const NAME_LIMIT = 15;

export function encode(request: Request, resolver: Resolver): Body {
  switch (request.op) {
    case 'link-add-bridge':
      return create(RTM_NEWLINK, link(), [
        interfaceName(request.name),
        ...macAndMtu(request),
        attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, text('bridge'))]),
      ]);
    case 'link-add-veth':
      return encodeVeth(request, resolver);
    case 'link-up':
      return { type: RTM_NEWLINK, flags: 0, parts: [link({ up: true }), interfaceName(request.name)] };
    case 'link-del':
      return { type: RTM_DELLINK, flags: 0, parts: [link(), interfaceName(request.name)] };
    case 'link-hairpin': {
      const mode = attribute(IFLA_INFO_SLAVE_DATA, [attribute(IFLA_BRPORT_MODE, u8(request.on ? 1 : 0))]);
      const info = attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_SLAVE_KIND, text('bridge')), mode]);
      return { type: RTM_NEWLINK, flags: 0, parts: [link(), interfaceName(request.name), info] };
    }
    case 'addr-add':
      return create(RTM_NEWADDR, ...encodeAddress(request, resolver));
    case 'addr-del':
      return { type: RTM_DELADDR, flags: 0, parts: encodeAddress(request, resolver).flat() };
    case 'route-add':
      return create(RTM_NEWROUTE, ...encodeRoute(request, resolver));
    case 'route-del':
      return { type: RTM_DELROUTE, flags: 0, parts: encodeRoute(request, resolver).flat() };
  }
}

const create = (type: number, fixed: Buffer, attributes: readonly Buffer[]): Body => ({
  type,
  flags: NLM_F_CREATE | NLM_F_EXCL,
  parts: [fixed, ...attributes],
});

/** `struct ifinfomsg` { u8 family; u16 type; s32 index; u32 flags, change } */
export function link(options: { up?: boolean; index?: number } = {}): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(options.index ?? 0, 4);
  if (options.up) {
    bytes.writeUInt32LE(IFF_UP, 8);
    bytes.writeUInt32LE(IFF_UP, 12);
  }
  return bytes;
}

/** @throws invalid for what the kernel would refuse with a bare EINVAL or cut short */
export function interfaceName(name: string): Buffer {
  const valid = /^[^\s/:]+$/.test(name) && name !== '.' && name !== '..' && !name.includes('\0');
  if (!valid || Buffer.byteLength(name) > NAME_LIMIT) {
    throw invalid(`invalid interface name: ${JSON.stringify(name)}`);
  }
  return attribute(IFLA_IFNAME, text(name));
}

function macAndMtu({ mac, mtu }: { mac?: string; mtu?: number }): Buffer[] {
  const attributes: Buffer[] = [];
  if (mac !== undefined) attributes.push(attribute(IFLA_ADDRESS, parseMac(mac)));
  if (mtu !== undefined) attributes.push(attribute(IFLA_MTU, u32(mtu)));
  return attributes;
}

function encodeVeth(request: Request & { op: 'link-add-veth' }, resolver: Resolver): Body {
  const peer = attribute(VETH_INFO_PEER, [
    link(),
    interfaceName(request.peer),
    ...macAndMtu(request),
    attribute(IFLA_NET_NS_FD, u32(resolver.netns(request.peerNetns))),
  ]);
  const mtu = request.mtu === undefined ? {} : { mtu: request.mtu };
  const master =
    request.master === undefined ? [] : [attribute(IFLA_MASTER, u32(resolver.index(request.master)))];
  return create(RTM_NEWLINK, link({ up: true }), [
    interfaceName(request.name),
    ...macAndMtu(mtu),
    ...master,
    attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, text('veth')), attribute(IFLA_INFO_DATA, [peer])]),
  ]);
}

function checkPrefix({ bytes }: RawAddress, prefix: number): number {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bytes.length * 8) {
    throw invalid(`invalid prefix length: ${prefix}`);
  }
  return prefix;
}

/** `struct ifaddrmsg` { u8 family, prefix, flags, scope; u32 index } */
function encodeAddress(
  request: Request & { op: 'addr-add' | 'addr-del' },
  resolver: Resolver,
): [Buffer, Buffer[]] {
  const address = parseAddress(request.address);
  const fixed = Buffer.from([address.family, checkPrefix(address, request.prefix), 0, 0, 0, 0, 0, 0]);
  if (request.op === 'addr-add' && request.nodad && address.family === AF_INET6) fixed[2] = IFA_F_NODAD;
  fixed.writeUInt32LE(resolver.index(request.name), 4);
  // The kernel insists on it for 127.0.0.0/8.
  if (address.family === AF_INET && address.bytes[0] === 127) fixed[3] = RT_SCOPE_HOST;
  const attributes = [attribute(IFA_LOCAL, address.bytes), attribute(IFA_ADDRESS, address.bytes)];
  const last = broadcast(address, request.prefix);
  if (last) attributes.push(attribute(IFA_BROADCAST, last));
  return [fixed, attributes];
}

/** `struct rtmsg` { u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags } */
function encodeRoute(route: RouteSpec, resolver: Resolver): [Buffer, Buffer[]] {
  const destination = route.destination === undefined ? undefined : parseAddress(route.destination);
  const gateway = route.gateway === undefined ? undefined : parseAddress(route.gateway);
  if (destination && gateway && destination.family !== gateway.family) {
    throw invalid(`the gateway ${route.gateway} is not of the family of ${route.destination}`);
  }
  if (!gateway && route.name === undefined) throw invalid('a route needs a gateway or an interface');
  const local = route.type === 'local';
  const table = route.table ?? (local ? RT_TABLE_LOCAL : RT_TABLE_MAIN);
  const attributes: Buffer[] = [];
  if (destination) attributes.push(attribute(RTA_DST, destination.bytes));
  if (gateway) attributes.push(attribute(RTA_GATEWAY, gateway.bytes));
  if (route.name !== undefined) attributes.push(attribute(RTA_OIF, u32(resolver.index(route.name))));
  if (route.metric !== undefined) attributes.push(attribute(RTA_PRIORITY, u32(route.metric)));
  if (table > 255) attributes.push(attribute(RTA_TABLE, u32(table)));
  const prefix = destination ? checkPrefix(destination, route.prefix ?? destination.bytes.length * 8) : 0;
  const fixed = Buffer.alloc(12);
  fixed[0] = (destination ?? gateway)?.family ?? AF_INET;
  fixed[1] = prefix;
  fixed[4] = table > 255 ? 0 : table;
  fixed[5] = RTPROT_BOOT;
  fixed[6] = local ? RT_SCOPE_HOST : gateway ? 0 : RT_SCOPE_LINK;
  fixed[7] = local ? RTN_LOCAL : RTN_UNICAST;
  return [fixed, attributes];
}
