import { codeOf } from '#lib/errors';
import type { HomeNamespace } from '#linux/namespaces';
import { PortRedirect } from '#linux/nftables';
import { closeSocket, localPort, tcpListener, udpSocket } from '#linux/socket';

/** The two sockets of a container's resolver: descriptors. */
export interface ServerSockets {
  readonly udp: number;
  readonly tcp: number;
}

/** Where containers find their resolver. */
export const RESOLVER_ADDRESS = '127.0.0.11';
const PORT = 53;

/** Questions that wait while we are not there to answer: about 1,300. */
const RECEIVE_BUFFER = 1024 * 1024;
const BACKLOG = 128;
/** Questions a second of one container, by UDP; a flood of more costs the sender's time and not ours. */
const LIMIT = { rate: 50_000, burst: 10_000 };

/** The rule of every namespace. */
export const resolverRedirect = (): PortRedirect =>
  new PortRedirect({ table: 'berth-dns', address: RESOLVER_ADDRESS, port: PORT, limit: LIMIT });

/**
 * Opens the sockets inside a network namespace. Not at port 53, which the container may want for a
 * server of its own, but at a port that the kernel picks; a rule in the namespace leads there.
 * @throws SystemError
 */
export function openServerSockets(home: HomeNamespace, netns: string, redirect: PortRedirect): ServerSockets {
  return home.within(netns, () => {
    const sockets = bindBoth();
    try {
      redirect.install(localPort(sockets.udp));
      return sockets;
    } catch (error) {
      closeSockets(sockets);
      throw error;
    }
  });
}

export function closeSockets({ udp, tcp }: ServerSockets): void {
  closeSocket(udp);
  closeSocket(tcp);
}

/** The port that is free for UDP may be taken for TCP: rarely, and hardly twice. */
function bindBoth(attempts = 8): ServerSockets {
  const udp = udpSocket(4, { address: RESOLVER_ADDRESS, port: 0, receiveBuffer: RECEIVE_BUFFER });
  try {
    return { udp, tcp: tcpListener(RESOLVER_ADDRESS, localPort(udp), BACKLOG) };
  } catch (error) {
    closeSocket(udp);
    if (codeOf(error) !== 'EADDRINUSE' || attempts === 1) throw error;
    return bindBoth(attempts - 1);
  }
}
