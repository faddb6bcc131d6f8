import { isIP } from 'node:net';
import { codeOf, messageOf } from '#lib/errors';
import type { HostPort } from './allocator.ts';
import { type HoldHandlers, holdEverywhere, holdPort } from './hold.ts';
import type { OutsidePorts } from './outside.ts';
import type { PublishedPort, PublishTarget } from './port.ts';
import type { PortsState } from './ports.ts';
import { relay } from './relay.ts';

/** Texts of errno that Docker's users know from Go. */
const BIND_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
};

export const hostPortOf = ({ protocol, hostIp, hostPort }: PublishedPort): HostPort => ({
  protocol,
  address: hostIp,
  port: hostPort,
});

/**
 * Holds one published port at all of its addresses, against other programs of the host.
 * @throws BindError
 */
export function hold(
  target: PublishTarget,
  ports: readonly PublishedPort[],
  { loopback6, outside }: { loopback6: boolean; outside: OutsidePorts | undefined },
): Disposable {
  if (outside) return holdOutside(outside, target, ports);
  const all = ports.map((port) => ({ port, handlers: handlersFor(target, port, loopback6) }));
  const [four, six] = all;
  const everywhere =
    all.length === 2 && four?.port.hostIp === '0.0.0.0' && six?.port.hostIp === '::' && !four.handlers;
  if (everywhere) {
    try {
      return holdEverywhere(hostPortOf(four.port), six.handlers);
    } catch {
      // One by one: then it is known which of them is taken.
    }
  }
  using stack = new DisposableStack();
  for (const { port, handlers } of all) {
    if (port.hostPort === 0) continue;
    try {
      stack.use(holdPort(hostPortOf(port), handlers));
    } catch (error) {
      throw new BindError(target, port, error);
    }
  }
  return stack.move();
}

/** The same for ports that are a container's already. */
export function tryHold(
  { outside, log }: Pick<PortsState, 'outside' | 'log'>,
  target: PublishTarget,
  ports: readonly PublishedPort[],
  loopback6: boolean,
): Disposable {
  const translated = ports.filter(({ hostPort }) => hostPort !== 0);
  try {
    return hold(target, translated, { loopback6, outside });
  } catch (error) {
    // Somebody took it while nobody held it. The kernel's forwarding comes first, so the container goes on.
    log.warn('another program listens on a published port', {
      port: translated.map((port) => `${textOfPort(hostPortOf(port))}/${port.protocol}`).join(', '),
      error: messageOf(error),
    });
    return new DisposableStack();
  }
}

/** In our own network nobody else is who could take a port. */
function holdOutside(
  outside: OutsidePorts,
  target: PublishTarget,
  ports: readonly PublishedPort[],
): Disposable {
  using stack = new DisposableStack();
  for (const port of ports) {
    if (port.hostPort === 0) continue;
    const { address, address6 } = target;
    const addresses = isIP(port.hostIp) === 6 ? [address6, address] : [address, address6];
    const relayTarget = {
      addresses: addresses.filter((each) => each !== undefined),
      port: port.containerPort,
    };
    try {
      stack.use(outside.open(hostPortOf(port), relayTarget));
    } catch (error) {
      throw new BindError(target, port, error);
    }
  }
  return stack.move();
}

/** What the kernel cannot carry to the container: the other address family, and on some hosts [::1]. */
function handlersFor(
  target: PublishTarget,
  { hostIp, containerPort: port }: PublishedPort,
  loopback6: boolean,
): HoldHandlers | undefined {
  const { address, address6 } = target;
  const six = isIP(hostIp) === 6;
  const addresses = (six ? [address6, address] : [address, address6]).filter((each) => each !== undefined);
  if ((six ? address6 : address) === undefined) return relay({ addresses, port });
  if ((hostIp === '::' || hostIp === '::1') && !loopback6) return relay({ addresses, port }, '::1');
  return undefined;
}

const textOf = ({ address, port }: { address: string; port: number }): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;

export const textOfPort = (port: HostPort): string => textOf(port);

/** `failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use` */
export class BindError extends Error {
  readonly code: string | undefined;

  constructor(target: PublishTarget, port: PublishedPort, cause: unknown) {
    const { address = '', address6 = address } = target;
    const inside = isIP(port.hostIp) === 6 ? address6 : address || address6;
    const where = `${textOf(hostPortOf(port))}:${textOf({ address: inside, port: port.containerPort })}/${port.protocol}`;
    const code = codeOf(cause);
    super(`failed to bind host port for ${where}: ${BIND_FAILURES[code ?? ''] ?? messageOf(cause)}`, {
      cause,
    });
    this.code = code;
  }
}
