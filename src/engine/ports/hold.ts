import { createSocket } from 'node:dgram';
import { createServer, isIPv6, type Socket } from 'node:net';
import type { HostPort } from './allocator.ts';

/** What became of traffic that reached the host's own socket, and so was not forwarded by the kernel. */
export interface HoldHandlers {
  /** Owns the connection. */
  connection(socket: Socket): void;
  /** `reply` answers from the held port. */
  datagram(data: Buffer, from: { address: string; port: number }, reply: (data: Buffer) => void): void;
  /** The port is given up. */
  close(): void;
}

/**
 * Keeps a port of the host for a container: while it is held no other program can listen there
 * and believe that it gets the traffic, and the kernel does not pick it as a source port.
 * DNAT sees packets before sockets do, so the socket gets nothing but what DNAT leaves to it.
 *
 * A TCP port has to be held by listening: a socket that is only bound has SO_REUSEADDR (libuv sets
 * it), and then another one with SO_REUSEADDR may bind and listen as if the port were free. A
 * UDP socket is bound without it. SCTP has no sockets here; the allocator alone guards its ports.
 * @throws an error with code EADDRINUSE, EADDRNOTAVAIL...
 */
export async function holdPort(port: HostPort, handlers: HoldHandlers): Promise<Disposable> {
  switch (port.protocol) {
    case 'tcp':
      return await holdTcp(port, handlers);
    case 'udp':
      return await holdUdp(port, handlers);
    case 'sctp':
      return { [Symbol.dispose]: () => {} };
  }
}

async function holdTcp({ address, port }: HostPort, handlers: HoldHandlers): Promise<Disposable> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)).on('error', () => {}));
    handlers.connection(socket);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true }, resolve);
  await promise;
  server.off('error', reject);
  // accept() may fail for want of descriptors: the port stays held, the client is refused.
  server.on('error', () => {});
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

async function holdUdp({ address, port }: HostPort, handlers: HoldHandlers): Promise<Disposable> {
  const v6 = isIPv6(address);
  const socket = createSocket({ type: v6 ? 'udp6' : 'udp4', ipv6Only: v6 });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('error', reject);
  socket.bind({ address, port, exclusive: true }, resolve);
  await promise;
  socket.off('error', reject);
  socket.on('error', () => {});
  socket.on('message', (data, from) => {
    handlers.datagram(data, from, (answer) => socket.send(answer, from.port, from.address));
  });
  socket.unref();
  return {
    [Symbol.dispose]: () => {
      socket.close();
      handlers.close();
    },
  };
}
