import { isIPv6 } from 'node:net';
import { codeOf } from '#lib/errors';
import { close } from '../ffi/descriptors.ts';
import { inetAddress } from '../ffi/inet-address.ts';
import {
  AF_INET,
  AF_INET6,
  bind,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  listen,
  SO_RCVBUF,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  setsockopt,
  socket,
} from '../ffi/socket.ts';

export interface PortOptions {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly dual?: boolean;
  /** Somebody will serve it: connections and datagrams wait from now on. */
  readonly listen?: boolean;
}

/** A port that no other program can have; nobody listens on it yet. */
export interface Reservation extends Disposable {
  /** The bound socket: who adopts it (`server.listen({ fd })`) must not dispose of this object any more. */
  readonly fd: number;
  /** It had to be made a listener: somebody has to take the connections, if only to refuse them. */
  readonly listening: boolean;
}

/**
 * Keeps a port of this network namespace from every other program, without being a server: a connection to it is
 * refused by the kernel, a datagram dropped. `::` with `dual` is every address of both families.
 *
 * A socket that is bound without SO_REUSEADDR cannot be shared with one that has it. Without the option though, the
 * remains of closed connections (TIME_WAIT) are in the way too; then only listening keeps others out.
 * @throws SystemError EADDRINUSE, EADDRNOTAVAIL...
 */
export function reservePort(options: PortOptions): Reservation {
  if (options.listen) return open(options, options.protocol === 'tcp');
  try {
    return open(options, false);
  } catch (error) {
    if (options.protocol !== 'tcp' || codeOf(error) !== 'EADDRINUSE') throw error;
    return open(options, true);
  }
}

function open(options: PortOptions, listening: boolean): Reservation {
  const { protocol, address, port, dual = false } = options;
  const v6 = isIPv6(address);
  const type = (protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const fd = socket(v6 ? AF_INET6 : AF_INET, type, 0);
  try {
    if (v6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual ? 0 : 1);
    if (listening) set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    // Nobody reads: what comes must not pile up. The kernel keeps to its least size.
    if (protocol === 'udp' && !options.listen) set(fd, SOL_SOCKET, SO_RCVBUF, 0);
    const target = inetAddress(address, port);
    bind(fd, target, target.length);
    if (listening) listen(fd, 0);
  } catch (error) {
    close(fd);
    throw error;
  }
  let open = true;
  return {
    fd,
    listening,
    [Symbol.dispose]: () => {
      if (open) close(fd);
      open = false;
    },
  };
}

const set = (fd: number, level: number, option: number, value: number) =>
  setsockopt(fd, level, option, new Int32Array([value]), 4);
