import { invalid } from '#lib/errors';
import { parseMac } from './address.ts';
import { attribute, NLM_F_CREATE, NLM_F_EXCL, text, u8, u16, u32 } from './message.ts';
import type { LinkRequest, PortRequest } from './request.ts';

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

export const IFF_UP = 1;

export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_LINK = 5;
export const IFLA_MASTER = 10;
export const IFLA_LINKINFO = 18;
const IFLA_NET_NS_FD = 28;
export const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;
const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_IPVLAN_FLAGS = 2;
const IFLA_VLAN_ID = 1;

const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
const IPVLAN_MODES = { l2: 0, l3: 1, l3s: 2 } as const;
const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

/** IFNAMSIZ, without the NUL. */
const NAME_LIMIT = 15;

export function encodeLink(request: LinkRequest | PortRequest, resolver: Resolver): Body {
  switch (request.op) {
    case 'link-add-bridge':
      return create(request, macAndMtu(request), 'bridge');
    case 'link-add-veth':
      return encodeVeth(request, resolver);
    case 'link-add-macvlan':
      return encodeSlave(request, resolver, 'macvlan', [
        attribute(IFLA_MACVLAN_MODE, u32(MACVLAN_MODES[request.mode])),
      ]);
    case 'link-add-ipvlan':
      return encodeSlave(request, resolver, 'ipvlan', [
        attribute(IFLA_IPVLAN_MODE, u16(IPVLAN_MODES[request.mode])),
        attribute(IFLA_IPVLAN_FLAGS, u16(IPVLAN_FLAGS[request.flag])),
      ]);
    case 'link-add-vlan': {
      const parent = attribute(IFLA_LINK, u32(resolver.index(request.parent)));
      return create(request, [parent], 'vlan', [attribute(IFLA_VLAN_ID, u16(request.id))]);
    }
    case 'link-add-dummy':
      return create(request, [], 'dummy');
    case 'link-up':
      return change(link({ up: true }), request.name);
    case 'link-down':
      return change(link({ up: false }), request.name);
    case 'link-rename': {
      const fixed = link({ index: resolver.index(request.name) });
      return { type: RTM_NEWLINK, flags: 0, parts: [fixed, interfaceName(request.to)] };
    }
    case 'link-master':
      return change(link(), request.name, attribute(IFLA_MASTER, u32(resolver.index(request.master))));
    case 'link-del':
      return { type: RTM_DELLINK, flags: 0, parts: [link(), interfaceName(request.name)] };
    case 'link-hairpin':
      return port(request, IFLA_BRPORT_MODE);
    case 'link-isolate':
      return port(request, IFLA_BRPORT_ISOLATED);
  }
}

const change = (fixed: Buffer, name: string, ...attributes: readonly Buffer[]): Body => ({
  type: RTM_NEWLINK,
  flags: 0,
  parts: [fixed, interfaceName(name), ...attributes],
});

function port({ name, on }: PortRequest, type: number): Body {
  const data = attribute(IFLA_INFO_SLAVE_DATA, [attribute(type, u8(on ? 1 : 0))]);
  const info = attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_SLAVE_KIND, text('bridge')), data]);
  return change(link(), name, info);
}

function create(
  { name }: { name: string },
  attributes: readonly Buffer[],
  kind: string,
  data: readonly Buffer[] = [],
  fixed = link(),
): Body {
  const info = [attribute(IFLA_INFO_KIND, text(kind))];
  if (data.length > 0) info.push(attribute(IFLA_INFO_DATA, data));
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    parts: [fixed, interfaceName(name), ...attributes, attribute(IFLA_LINKINFO, info)],
  };
}

function encodeSlave(
  request: LinkRequest & { op: 'link-add-macvlan' | 'link-add-ipvlan' },
  resolver: Resolver,
  kind: string,
  data: readonly Buffer[],
): Body {
  const attributes = [
    attribute(IFLA_LINK, u32(resolver.index(request.parent))),
    attribute(IFLA_NET_NS_FD, u32(resolver.netns(request.netns))),
    ...macAndMtu(request),
  ];
  return create(request, attributes, kind, data);
}

/** `struct ifinfomsg` { u8 family; u16 type; s32 index; u32 flags, change } */
export function link(options: { up?: boolean; index?: number } = {}): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(options.index ?? 0, 4);
  if (options.up !== undefined) {
    bytes.writeUInt32LE(options.up ? IFF_UP : 0, 8);
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

function encodeVeth(request: LinkRequest & { op: 'link-add-veth' }, resolver: Resolver): Body {
  const peer = attribute(VETH_INFO_PEER, [
    link(),
    interfaceName(request.peer),
    ...macAndMtu(request),
    attribute(IFLA_NET_NS_FD, u32(resolver.netns(request.peerNetns))),
  ]);
  const mtu = request.mtu === undefined ? {} : { mtu: request.mtu };
  const master =
    request.master === undefined ? [] : [attribute(IFLA_MASTER, u32(resolver.index(request.master)))];
  return create(request, [...macAndMtu(mtu), ...master], 'veth', [peer], link({ up: true }));
}
