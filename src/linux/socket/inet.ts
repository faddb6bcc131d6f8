import { isIPv6 } from 'node:net';
import { errnoNumber, SystemError } from '../errno.ts';
import { close } from '../ffi/descriptors.ts';
import { inetAddress } from '../ffi/inet-address.ts';
import {
  AF_INET,
  AF_INET6,
  bind,
  connect,
  getsockname,
  listen,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  setsockopt,
  socket,
} from '../ffi/socket.ts';

/*
 * Internet sockets of the network namespace that the thread is in: they stay of it when the thread
 * leaves. Each is a descriptor, close-on-exec and non-blocking, for the caller to close or to give to
 * Node (`dgram` and `net` take `{ fd }`).
 */

/** A datagram socket; without `address` the kernel picks one when it is used. @throws SystemError */
export function udpSocket(
  family: 4 | 6,
  local?: { readonly address: string; readonly port: number; readonly receiveBuffer?: number },
): number {
  return opened(family, SOCK_DGRAM, (fd) => {
    if (local?.receiveBuffer !== undefined) {
      const size = new Int32Array([local.receiveBuffer]);
      // Beyond the system's limit only the host's root can go; whoever cannot has as much as it allows.
      if (setsockopt.attempt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, 4) < 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size, 4);
      }
    }
    if (local) bindTo(fd, local.address, local.port);
  });
}

/** A listening stream socket. @throws SystemError `EADDRINUSE` */
export function tcpListener(address: string, port: number, backlog: number): number {
  return opened(familyOf(address), SOCK_STREAM, (fd) => {
    // A port that served a moment ago may still have connections that are being closed.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, new Int32Array([1]), 4);
    bindTo(fd, address, port);
    listen(fd, backlog);
  });
}

/** A stream socket that is connecting: what becomes of it shows when it is read or written. @throws SystemError */
export function tcpConnection(address: string, port: number): number {
  return opened(familyOf(address), SOCK_STREAM, (fd) => {
    const target = inetAddress(address, port);
    const result = connect.attempt(fd, target, target.length);
    if (result < 0 && result !== -errnoNumber('EINPROGRESS')) {
      throw new SystemError('connect', [address, port], -result);
    }
  });
}

/** The port that a socket is bound to. */
export function localPort(fd: number): number {
  const address = Buffer.alloc(28);
  getsockname(fd, address, new Uint32Array([address.length]));
  return address.readUInt16BE(2);
}

/** close(2), for those whom Node does not take over. */
export function closeSocket(fd: number): void {
  close(fd);
}

const familyOf = (address: string): 4 | 6 => (isIPv6(address) ? 6 : 4);

function bindTo(fd: number, address: string, port: number): void {
  const local = inetAddress(address, port);
  const result = bind.attempt(fd, local, local.length);
  if (result < 0) throw new SystemError('bind', [address, port], -result);
}

function opened(family: 4 | 6, type: number, complete: (fd: number) => void): number {
  const fd = socket(family === 4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  try {
    complete(fd);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
