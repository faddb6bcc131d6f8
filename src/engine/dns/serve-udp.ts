import { createSocket } from 'node:dgram';
import type { Resolver } from './resolver.ts';

/**
 * Serves a bound datagram socket, which is taken over. libuv takes at most 32 datagrams of one socket
 * before others have their turn, so that one container's flood does not keep the rest waiting.
 */
export function serveUdp(fd: number, resolver: Resolver): Disposable {
  const socket = createSocket('udp4');
  // A reply that cannot be delivered is nobody's loss but the client's.
  const ignore = () => {};
  socket.on('error', ignore);
  socket.on('message', (message, { address, port }) => {
    resolver.answer(message, 'udp', (reply) => {
      if (open) socket.send(reply, port, address, ignore);
    });
  });
  socket.bind({ fd });
  let open = true;
  return {
    [Symbol.dispose]: () => {
      open = false;
      socket.close();
    },
  };
}
