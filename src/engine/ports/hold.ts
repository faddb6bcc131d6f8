import { createServer, isIPv6, type Socket } from 'node:net';
import { type Reservation, reservePort, type Sender, UdpServer } from '#linux/socket';
import type { HostPort } from './allocator.ts';
import { refuse } from './relay.ts';

/** What becomes of traffic that reaches the host's own socket, and so was not forwarded by the kernel. */
export interface HoldHandlers {
  /** Owns the connection. */
  connection(socket: Socket): void;
  /** `reply` answers from where the datagram arrived. */
  datagram(data: Buffer, from: Sender, reply: (data: Uint8Array) => void): void;
  /** The port is given up. */
  close(): void;
}

/**
 * Keeps a port of the host for a container: while it is held no other program can listen there
 * and believe that it gets the traffic, and the kernel does not pick it as a source port.
 * DNAT sees packets before sockets do, so the socket gets nothing but what DNAT leaves to it: that is refused, or
 * given to `handlers`.
 *
 * SCTP has no sockets here (asking for one could load its kernel module): the allocator alone guards its ports.
 * @throws an error with code EADDRINUSE, EADDRNOTAVAIL...
 */
export function holdPort({ protocol, address, port }: HostPort, handlers?: HoldHandlers): Disposable {
  if (protocol === 'sctp') return { [Symbol.dispose]: () => {} };
  return adopt(
    reservePort({ protocol, address, port, listen: serves(handlers) }),
    { protocol, address },
    handlers,
  );
}

/** The port at every address of both families, by one descriptor: a thousand ports of a container cost a thousand. */
export function holdEverywhere(
  { protocol, port }: Pick<HostPort, 'protocol' | 'port'>,
  handlers?: HoldHandlers,
): Disposable {
  const address = '::';
  if (protocol === 'sctp') return { [Symbol.dispose]: () => {} };
  const listen = serves(handlers);
  return adopt(reservePort({ protocol, address, port, dual: true, listen }), { protocol, address }, handlers);
}

/** A listener from the start, then: the remains of its connections are not in the way of the next. */
const serves = (handlers?: HoldHandlers): boolean => handlers !== undefined;

function adopt(
  reservation: Reservation,
  { protocol, address }: Pick<HostPort, 'protocol' | 'address'>,
  handlers?: HoldHandlers,
): Disposable {
  if (!handlers && !reservation.listening) return reservation;
  if (protocol === 'tcp') return serveTcp(reservation.fd, handlers ?? refuse);
  return serveUdp(reservation.fd, address, handlers ?? refuse);
}

export function serveTcp(fd: number, handlers: HoldHandlers): Disposable {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)).on('error', () => {}));
    handlers.connection(socket);
  });
  // accept() may fail for want of descriptors: the port stays held, the client is refused.
  server.on('error', () => {});
  server.listen({ fd });
  server.unref();
  return {
    [Symbol.dispose]: () => {
      // The descriptor is closed when this returns; the callback would wait for the connections.
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
      handlers.close();
    },
  };
}

export function serveUdp(fd: number, address: string, handlers: HoldHandlers): Disposable {
  const server = new UdpServer(fd, isIPv6(address) ? 6 : 4, handlers.datagram);
  return {
    [Symbol.dispose]: () => {
      server[Symbol.dispose]();
      handlers.close();
    },
  };
}
