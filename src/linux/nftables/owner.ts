import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errnoNumber } from '../errno.ts';
import { MSG_DONTWAIT, recv, send } from '../ffi/socket.ts';
import {
  attribute,
  message,
  NLM_F_REQUEST,
  parseAttributes,
  parseMessages,
  text,
} from '../netlink/message.ts';
import { NETLINK_NETFILTER } from '../netlink/socket.ts';
import { NFNL_SUBSYS_NFTABLES, NFPROTO_INET } from './transaction.ts';

const NFT_MSG_NEWTABLE = (NFNL_SUBSYS_NFTABLES << 8) | 0;
const NFT_MSG_GETTABLE = (NFNL_SUBSYS_NFTABLES << 8) | 1;
const NFTA_TABLE_NAME = 1;
const NFTA_TABLE_OWNER = 7;

/** Who owns a table: of several processes that share the socket, the first. */
export interface TableOwner {
  readonly pid: number;
  /** `comm` of the process. */
  readonly name: string;
}

/** The process that owns an inet table; undefined when nobody does, or when it cannot be found from here. */
export function tableOwner(socket: number, table: string): TableOwner | undefined {
  const port = ownerPort(socket, table);
  const inode = port === undefined ? undefined : netfilterPorts().get(port);
  return inode === undefined ? undefined : holderOf(`socket:[${inode}]`);
}

/** The owner's netlink port, as the kernel tells it of the table. */
function ownerPort(socket: number, table: string): number | undefined {
  const request = message(NFT_MSG_GETTABLE, NLM_F_REQUEST, 1, [
    Buffer.from([NFPROTO_INET, 0, 0, 0]),
    attribute(NFTA_TABLE_NAME, text(table)),
  ]);
  send(socket, request, request.length, 0);
  // The kernel has answered within the send. All of it is taken: libnftables must not find it.
  let port: number | undefined;
  const buffer = Buffer.alloc(16_384);
  for (;;) {
    const length = recv.attempt(socket, buffer, buffer.length, MSG_DONTWAIT);
    if (length === -errnoNumber('EAGAIN') || length < 0) return port;
    for (const reply of parseMessages(buffer.subarray(0, length))) {
      if (reply.type !== NFT_MSG_NEWTABLE) continue;
      port = parseAttributes(reply.payload.subarray(4)).get(NFTA_TABLE_OWNER)?.readUInt32BE(0);
    }
  }
}

/** Inodes of the netfilter sockets of this network namespace, by port: `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`. */
export function netfilterPorts(): Map<number, string> {
  const inodes = new Map<number, string>();
  for (const line of readFileSync('/proc/thread-self/net/netlink', 'utf8').split('\n').slice(1)) {
    const [, protocol, port, , , , , , , inode] = line.trim().split(/\s+/);
    if (Number(protocol) === NETLINK_NETFILTER && inode !== undefined) inodes.set(Number(port), inode);
  }
  return inodes;
}

function holderOf(target: string): TableOwner | undefined {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!holds(pid, target)) continue;
    return { pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() };
  }
  return undefined;
}

function holds(pid: string, target: string): boolean {
  try {
    const directory = `/proc/${pid}/fd`;
    return readdirSync(directory).some((fd) => linkOf(`${directory}/${fd}`) === target);
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
