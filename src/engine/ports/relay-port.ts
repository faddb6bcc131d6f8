import type { HostPort } from './allocator.ts';
import { serveTcp, serveUdp } from './hold.ts';
import { type RelayTarget, relay } from './relay.ts';

/** Serves a socket that is bound in another network than ours: what comes to it is relayed to the container. */
export const relayPort = (
  fd: number,
  { protocol, address }: Pick<HostPort, 'protocol' | 'address'>,
  target: RelayTarget,
): Disposable => (protocol === 'tcp' ? serveTcp(fd, relay(target)) : serveUdp(fd, address, relay(target)));
