import { invalid } from '#lib/errors';
import { AF_INET, AF_INET6, broadcast, parseAddress, type RawAddress } from './address.ts';
import { type Body, encodeLink, type Resolver } from './encode-link.ts';
import { encodeQueue } from './encode-queue.ts';
import { attribute, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, u32 } from './message.ts';
import type { Request, RouteSpec } from './request.ts';

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

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
/** The route as it was entered, not one made for the address that is looked up. */
export const RTM_F_FIB_MATCH = 0x2000;
const RTN_LOCAL = 2;

export function encode(request: Request, resolver: Resolver): Body {
  switch (request.op) {
    case 'queue-limit':
    case 'queue-reset':
      return encodeQueue(request, resolver);
    case 'addr-add':
      return body(RTM_NEWADDR, encodeAddress(request, resolver), NLM_F_CREATE | NLM_F_EXCL);
    case 'addr-del':
      return body(RTM_DELADDR, encodeAddress(request, resolver));
    case 'route-add':
      return body(RTM_NEWROUTE, encodeRoute(request, resolver), NLM_F_CREATE | NLM_F_EXCL);
    case 'route-replace':
      return body(RTM_NEWROUTE, encodeRoute(request, resolver), NLM_F_CREATE | NLM_F_REPLACE);
    case 'route-del':
      return body(RTM_DELROUTE, encodeRoute(request, resolver));
    default:
      return encodeLink(request, resolver);
  }
}

const body = (type: number, parts: readonly Buffer[], flags = 0): Body => ({ type, flags, parts });

function checkPrefix({ bytes }: RawAddress, prefix: number): number {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bytes.length * 8) {
    throw invalid(`invalid prefix length: ${prefix}`);
  }
  return prefix;
}

/** `struct ifaddrmsg` { u8 family, prefix, flags, scope; u32 index } */
function encodeAddress(request: Request & { op: 'addr-add' | 'addr-del' }, resolver: Resolver): Buffer[] {
  const address = parseAddress(request.address);
  const fixed = Buffer.from([address.family, checkPrefix(address, request.prefix), 0, 0, 0, 0, 0, 0]);
  if (request.op === 'addr-add' && request.nodad && address.family === AF_INET6) fixed[2] = IFA_F_NODAD;
  fixed.writeUInt32LE(resolver.index(request.name), 4);
  // The kernel insists on it for 127.0.0.0/8.
  if (address.family === AF_INET && address.bytes[0] === 127) fixed[3] = RT_SCOPE_HOST;
  const attributes = [attribute(IFA_LOCAL, address.bytes), attribute(IFA_ADDRESS, address.bytes)];
  const last = broadcast(address, request.prefix);
  if (last) attributes.push(attribute(IFA_BROADCAST, last));
  return [fixed, ...attributes];
}

/** `struct rtmsg` { u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags } */
function encodeRoute(route: RouteSpec, resolver: Resolver): Buffer[] {
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
  fixed[0] = (destination ?? gateway)?.family ?? (route.family === 6 ? AF_INET6 : AF_INET);
  fixed[1] = prefix;
  fixed[4] = table > 255 ? 0 : table;
  fixed[5] = RTPROT_BOOT;
  fixed[6] = local ? RT_SCOPE_HOST : gateway ? 0 : RT_SCOPE_LINK;
  fixed[7] = local ? RTN_LOCAL : RTN_UNICAST;
  return [fixed, ...attributes];
}
