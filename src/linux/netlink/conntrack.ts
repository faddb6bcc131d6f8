import { SystemError } from '../errno.ts';
import { AF_INET6, parseAddress, type RawAddress } from './address.ts';
import {
  attribute,
  type Message,
  NLA_F_NESTED,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  parseAttributes,
  u32,
} from './message.ts';
import { NETLINK_NETFILTER, NetlinkSocket } from './socket.ts';

const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_GET = (NFNL_SUBSYS_CTNETLINK << 8) | 1;
const IPCTNL_MSG_CT_DELETE = (NFNL_SUBSYS_CTNETLINK << 8) | 2;

const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_ID = 12;
const CTA_FILTER = 25;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_SRC_PORT = 2;
const CTA_PROTO_DST_PORT = 3;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V6_SRC = 3;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
const CTA_FILTER_FLAG_IP_SRC = 1 << 0;
const CTA_FILTER_FLAG_PROTO_NUM = 1 << 3;
const CTA_FILTER_FLAG_PROTO_SRC_PORT = 1 << 4;
const CTA_FILTER_FLAG_PROTO_DST_PORT = 1 << 5;

/** Entries deleted by one send on the slow path: acknowledgements wait in the socket's buffer. */
const BATCH = 128;

/** The network namespace has no connection tracking, or none of the family: nothing to remove. */
const ENOENT = 2;

/** The flows that one published port has. */
export interface FlowPorts {
  /** IPPROTO_UDP... */
  readonly protocol: number;
  /** Where the packets were sent to. */
  readonly original: number;
  /** Where they were forwarded to. */
  readonly forwarded: number;
}

/**
 * Removes conntrack entries whose reply comes from `address`: those forwarded to a removed
 * endpoint, which a UDP flow would keep alive for ever; with `ports` only those of one published port. Synchronous:
 * one ctnetlink message where the kernel filters (about Linux 6.11), dump and delete on older ones.
 * @throws SystemError, invalid
 */
export function flushConntrack(address: string, ports?: FlowPorts): void {
  const raw = parseAddress(address);
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  // The kernel's filter takes IPv6 addresses the wrong way round (seen on 6.18: it deletes every
  // entry but the ones asked for). An older kernel refuses it, whatever the errno.
  if (raw.family === AF_INET6 || !flushByFilter(socket, raw, ports)) flushByDump(socket, raw, ports);
}

/** `struct nfgenmsg` { u8 family, version; be16 resource }: before version 1 a delete ignores the family. */
const generic = ({ family }: RawAddress): Buffer => Buffer.from([family, 1, 0, 0]);

const sourceType = ({ family }: RawAddress): number => (family === AF_INET6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC);

export function flushByFilter(socket: NetlinkSocket, address: RawAddress, ports?: FlowPorts): boolean {
  const source = attribute(CTA_TUPLE_IP | NLA_F_NESTED, [attribute(sourceType(address), address.bytes)]);
  const reply = ports ? [source, protocolOf(ports, CTA_PROTO_SRC_PORT, ports.forwarded)] : [source];
  const original = ports ? [protocolOf(ports, CTA_PROTO_DST_PORT, ports.original)] : [];
  const port = CTA_FILTER_FLAG_PROTO_NUM | CTA_FILTER_FLAG_PROTO_SRC_PORT;
  const flags = [
    attribute(CTA_FILTER_REPLY_FLAGS, u32(CTA_FILTER_FLAG_IP_SRC | (ports ? port : 0))),
    ...(ports
      ? [attribute(CTA_FILTER_ORIG_FLAGS, u32(CTA_FILTER_FLAG_PROTO_NUM | CTA_FILTER_FLAG_PROTO_DST_PORT))]
      : []),
  ];
  const request = socket.next(IPCTNL_MSG_CT_DELETE, NLM_F_REQUEST | NLM_F_ACK, [
    generic(address),
    ...(original.length > 0 ? [attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, original)] : []),
    attribute(CTA_TUPLE_REPLY | NLA_F_NESTED, reply),
    attribute(CTA_FILTER | NLA_F_NESTED, flags),
  ]);
  return socket.acknowledge([request]).length === 0;
}

function protocolOf({ protocol }: FlowPorts, type: number, port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return attribute(CTA_TUPLE_PROTO | NLA_F_NESTED, [
    attribute(CTA_PROTO_NUM, Buffer.from([protocol])),
    attribute(type, bytes),
  ]);
}

export function flushByDump(socket: NetlinkSocket, address: RawAddress, ports?: FlowPorts): void {
  const fixed = generic(address);
  const entries = socket
    .query('conntrack', IPCTNL_MSG_CT_GET, NLM_F_REQUEST | NLM_F_DUMP, [fixed], true)
    .map(({ payload }: Message) => parseAttributes(payload.subarray(fixed.length)))
    .filter((entry) => replySource(entry, address)?.equals(address.bytes))
    .filter((entry) => !ports || isOf(entry, ports));
  for (let start = 0; start < entries.length; start += BATCH) {
    const requests = entries.slice(start, start + BATCH).map((entry) => {
      // By its original tuple; the id makes sure that it is not a newer connection's.
      const keys = [CTA_TUPLE_ORIG, CTA_ID].flatMap((type) => {
        const value = entry.get(type);
        return value ? [attribute(type === CTA_ID ? type : type | NLA_F_NESTED, value)] : [];
      });
      return socket.next(IPCTNL_MSG_CT_DELETE, NLM_F_REQUEST | NLM_F_ACK, [fixed, ...keys]);
    });
    for (const { errno, detail } of socket.acknowledge(requests)) {
      if (errno !== ENOENT) throw new SystemError('conntrack delete', [], errno, undefined, detail);
    }
  }
}

function replySource(entry: ReadonlyMap<number, Buffer>, address: RawAddress): Buffer | undefined {
  const tuple = parseAttributes(entry.get(CTA_TUPLE_REPLY) ?? Buffer.alloc(0));
  return parseAttributes(tuple.get(CTA_TUPLE_IP) ?? Buffer.alloc(0)).get(sourceType(address));
}

function isOf(entry: ReadonlyMap<number, Buffer>, { protocol, original, forwarded }: FlowPorts): boolean {
  const reply = protocolPart(entry, CTA_TUPLE_REPLY);
  const sent = protocolPart(entry, CTA_TUPLE_ORIG).get(CTA_PROTO_DST_PORT);
  return (
    reply.get(CTA_PROTO_NUM)?.[0] === protocol &&
    reply.get(CTA_PROTO_SRC_PORT)?.readUInt16BE() === forwarded &&
    sent?.readUInt16BE() === original
  );
}

function protocolPart(entry: ReadonlyMap<number, Buffer>, tuple: number): Map<number, Buffer> {
  const attributes = parseAttributes(entry.get(tuple) ?? Buffer.alloc(0));
  return parseAttributes(attributes.get(CTA_TUPLE_PROTO) ?? Buffer.alloc(0));
}
