import { errnoNumber } from '../errno.ts';
import { close } from '../ffi/descriptors.ts';
import { Watch } from '../ffi/readiness.ts';
import { AF_NETLINK, bind, recv, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, socket } from '../ffi/socket.ts';
import { IFLA_IFNAME, RTM_DELLINK } from './encode-link.ts';
import { parseAttributes, parseMessages, toText } from './message.ts';
import { NETLINK_ROUTE, netlinkAddress } from './socket.ts';

/** RTMGRP_LINK of rtnetlink(7). */
const LINK_GROUP = 1;

/**
 * Calls back with the names of interfaces of this thread's namespace that have gone; with undefined when
 * notifications were lost: any may have gone then.
 */
export function watchLinks(onGone: (names: ReadonlySet<string> | undefined) => void): Disposable {
  const fd = subscribe();
  const buffer = Buffer.allocUnsafe(65_536);
  let closed = false;
  const watch = new Watch(fd, { readable: true }, () => {
    const names = new Set<string>();
    let lost = false;
    for (;;) {
      const length = recv.attempt(fd, buffer, buffer.length, 0);
      if (length >= 0) for (const name of goneLinks(buffer.subarray(0, length))) names.add(name);
      else if (length === -errnoNumber('ENOBUFS')) lost = true;
      else break;
    }
    if (closed) return;
    if (lost) onGone(undefined);
    else if (names.size > 0) onGone(names);
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

/** A bridge tells of a port that left it in the same way, as family AF_BRIDGE: that port is still there. */
export function* goneLinks(datagram: Buffer): Generator<string> {
  for (const { type, payload } of parseMessages(datagram)) {
    if (type !== RTM_DELLINK || payload[0] !== 0) continue;
    yield toText(parseAttributes(payload.subarray(16)).get(IFLA_IFNAME));
  }
}

function subscribe(): number {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  try {
    const address = netlinkAddress();
    address.writeUInt32LE(LINK_GROUP, 8);
    bind(fd, address, address.length);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
