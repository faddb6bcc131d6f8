import { readdirSync, readlinkSync } from 'node:fs';
import { AF_NETLINK, getsockopt, SO_DOMAIN, SO_PROTOCOL, SOL_SOCKET } from '../ffi/socket.ts';
import { NETLINK_NETFILTER } from '../netlink/socket.ts';

/** Our netfilter sockets: descriptor by inode. */
export function netfilterSockets(): Map<string, number> {
  const sockets = new Map<string, number>();
  for (const name of readdirSync('/proc/self/fd')) {
    const target = readTarget(name);
    if (target?.startsWith('socket:') && isNetfilter(Number(name))) sockets.set(target, Number(name));
  }
  return sockets;
}

/**
 * The socket that a new libnftables context has made, told by what was not there before. The
 * library hides it; undefined when another thread made one at the same instant.
 */
export function contextSocket(before: ReadonlyMap<string, number>): number | undefined {
  const made = [...netfilterSockets()].filter(([inode]) => !before.has(inode));
  return made.length === 1 ? made[0]?.[1] : undefined;
}

function readTarget(name: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    // The descriptor of this very listing, or one that another thread closed.
    return undefined;
  }
}

function isNetfilter(fd: number): boolean {
  return option(fd, SO_DOMAIN) === AF_NETLINK && option(fd, SO_PROTOCOL) === NETLINK_NETFILTER;
}

function option(fd: number, name: number): number | undefined {
  const value = new Int32Array(1);
  return getsockopt.attempt(fd, SOL_SOCKET, name, value, new Uint32Array([4])) < 0 ? undefined : value[0];
}
