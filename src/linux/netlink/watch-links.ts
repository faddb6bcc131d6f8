import { errnoNumber } from '../errno.ts';
import { close } from '../ffi/descriptors.ts';
import { Watch } from '../ffi/readiness.ts';
import { AF_NETLINK, bind, recv, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, socket } from '../ffi/socket.ts';
import { RTM_DELADDR, RTM_NEWADDR } from './encode.ts';
import { IFLA_IFNAME, IFLA_MASTER, RTM_DELLINK, RTM_NEWLINK } from './encode-link.ts';
import { parseAttributes, parseMessages, toText } from './message.ts';
import { NETLINK_ROUTE, netlinkAddress } from './socket.ts';

/** RTMGRP_LINK, RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR of rtnetlink(7). */
const LINK_GROUP = 0x1;
const ADDRESS_GROUPS = 0x10 | 0x100;
const IFF_UP = 1;

/**
 * Calls back with the names of interfaces of this thread's namespace that have gone; with undefined when
 * notifications were lost: any may have gone then.
 */
export function watchLinks(onGone: (names: ReadonlySet<string> | undefined) => void): Disposable {
  return watchGroups(LINK_GROUP, (datagrams, lost) => {
    const names = new Set(datagrams.flatMap((datagram) => [...goneLinks(datagram)]));
    if (lost) onGone(undefined);
    else if (names.size > 0) onGone(names);
  });
}

/**
 * Calls back when interfaces of this thread's namespace may have come up or their addresses may be others. Ports of
 * bridges and bonds do not count: packets come in by what they are ports of.
 */
export function watchAddresses(onChange: () => void): Disposable {
  return watchGroups(LINK_GROUP | ADDRESS_GROUPS, (datagrams, lost) => {
    if (lost || datagrams.some(hasChangedAddresses)) onChange();
  });
}

/** A bridge tells of a port that left it in the same way, as family AF_BRIDGE: that port is still there. */
export function* goneLinks(datagram: Buffer): Generator<string> {
  for (const { type, payload } of parseMessages(datagram)) {
    if (type !== RTM_DELLINK || payload[0] !== 0) continue;
    yield toText(parseAttributes(payload.subarray(16)).get(IFLA_IFNAME));
  }
}

/** `struct ifinfomsg` { u8 family, pad; u16 type; s32 index; u32 flags, change } */
export function hasChangedAddresses(datagram: Buffer): boolean {
  return [...parseMessages(datagram)].some(({ type, payload }) => {
    if (type === RTM_NEWADDR || type === RTM_DELADDR) return true;
    if (type !== RTM_NEWLINK || payload[0] !== 0 || !(payload.readUInt32LE(8) & IFF_UP)) return false;
    return !parseAttributes(payload.subarray(16)).has(IFLA_MASTER);
  });
}

/** `lost`: there were more than the socket could take. */
function watchGroups(
  groups: number,
  onEvents: (datagrams: readonly Buffer[], lost: boolean) => void,
): Disposable {
  const fd = subscribe(groups);
  const buffer = Buffer.allocUnsafe(65_536);
  let closed = false;
  const watch = new Watch(fd, { readable: true }, () => {
    const datagrams: Buffer[] = [];
    let lost = false;
    for (;;) {
      const length = recv.attempt(fd, buffer, buffer.length, 0);
      if (length >= 0) datagrams.push(Buffer.from(buffer.subarray(0, length)));
      else if (length === -errnoNumber('ENOBUFS')) lost = true;
      else break;
    }
    if (!closed) onEvents(datagrams, lost);
  }).unref();
  return {
    [Symbol.dispose]: () => {
      if (closed) return;
      closed = true;
      watch[Symbol.dispose]();
      close(fd);
    },
  };
}

function subscribe(groups: number): number {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  try {
    const address = netlinkAddress();
    address.writeUInt32LE(groups, 8);
    bind(fd, address, address.length);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
