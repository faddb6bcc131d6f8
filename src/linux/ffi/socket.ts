import { codeOf } from '#lib/errors';
import { libcCall } from './call.ts';

type Bytes = Uint8Array;

export const socket = libcCall<[domain: number, type: number, protocol: number]>('int socket(int, int, int)');
export const bind = libcCall<[fd: number, address: Bytes, length: number]>(
  'int bind(int, const void *, uint)',
);
export const connect = libcCall<[fd: number, address: Bytes, length: number]>(
  'int connect(int, const void *, uint)',
);
export const listen = libcCall<[fd: number, backlog: number]>('int listen(int, int)');
export const accept4 = libcCall<[fd: number, address: null, length: null, flags: number]>(
  'int accept4(int, void *, void *, int)',
);
export const send = libcCall<[fd: number, data: Bytes, length: number, flags: number]>(
  'long send(int, const void *, size_t, int)',
);
export const recv = libcCall<[fd: number, buffer: Bytes, length: number, flags: number]>(
  'long recv(int, void *, size_t, int)',
);
/**
 * `recv` until there is something, for sockets with SO_RCVTIMEO: with a time limit the kernel does not go on by itself
 * after a signal (signal(7)), and the end of any child is one.
 */
export function receive(fd: number, buffer: Bytes): number {
  for (;;) {
    try {
      return recv(fd, buffer, buffer.length, 0);
    } catch (error) {
      if (codeOf(error) !== 'EINTR') throw error;
    }
  }
}

export const shutdown = libcCall<[fd: number, how: number]>('int shutdown(int, int)');
export const setsockopt = libcCall<
  [fd: number, level: number, option: number, value: NodeJS.TypedArray, length: number]
>('int setsockopt(int, int, int, const void *, uint)');
export const getsockopt = libcCall<
  [fd: number, level: number, option: number, value: NodeJS.TypedArray, length: NodeJS.TypedArray]
>('int getsockopt(int, int, int, void *, void *)');

export const getsockname = libcCall<[fd: number, address: Bytes, length: NodeJS.TypedArray]>(
  'int getsockname(int, void *, void *)',
);
export const socketpair = libcCall<[domain: number, type: number, protocol: number, ends: Int32Array]>(
  'int socketpair(int, int, int, void *)',
);

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const SHUT_WR = 1;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_RCVTIMEO = 20;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;

export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;
export const IPPROTO_IPV6 = 41;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const IPV6_V6ONLY = 26;
