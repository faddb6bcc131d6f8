import { isIP } from 'node:net';
import type { Forward } from '#engine/firewall';
import { normalizeAddress } from '#lib/address';
import { codeOf, invalid, messageOf, systemError } from '#lib/errors';
import { Scope } from '#lib/scope';
import type { HostPort } from './allocator.ts';
import { ephemeralRange } from './ephemeral.ts';
import { holdPort } from './hold.ts';
import { type ForwardTarget, loopbackForwarder, refuse } from './loopback-forwarder.ts';
import type { PortBinding, PublishedPort, PublishTarget } from './port.ts';
import type { PortsState } from './ports.ts';

/** Texts of errno that Docker's users know from Go. */
const BIND_FAILURES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
};

/** @throws invalid, system */
export async function publish(
  state: PortsState,
  target: PublishTarget,
  bindings: readonly PortBinding[],
): Promise<PublishedPort[]> {
  await using scope = new Scope();
  const holds: Disposable[] = [];
  const published: PublishedPort[] = [];
  scope.defer(() => {
    for (const hold of holds) hold[Symbol.dispose]();
    releasePorts(state, target.containerId, published);
  });
  if (bindings.length > 0) state.firewall.carriesLoopback6();
  for (const binding of bindings) {
    try {
      const bound = await bindOne(state, target, binding);
      holds.push(...bound.holds);
      published.push(...bound.ports);
    } catch (error) {
      const endpoint = `${target.containerName} (${target.endpointId})`;
      const reason = `driver failed programming external connectivity on endpoint ${endpoint}: ${messageOf(error)}`;
      throw systemError(reason, error);
    }
  }
  state.firewall.add(forwardsOf(target, published));
  state.holds.set(target.containerId, holds);
  scope.keep();
  return published;
}

export async function republish(
  state: PortsState,
  target: PublishTarget,
  published: readonly PublishedPort[],
): Promise<void> {
  const holds: Disposable[] = [];
  for (const port of published) {
    const hostPort = { protocol: port.protocol, address: port.hostIp, port: port.hostPort };
    state.allocator.claim(target.containerId, [hostPort]);
    try {
      holds.push(await holdPort(hostPort, handlersFor(target, hostPort, port.containerPort)));
    } catch (error) {
      // Somebody took it while no engine ran. The kernel's forwarding comes first, so the container goes on.
      const text = `${port.hostIp}:${port.hostPort}/${port.protocol}`;
      state.log.warn('another program listens on a published port', {
        port: text,
        error: messageOf(error),
      });
    }
  }
  state.holds.set(target.containerId, holds);
  state.firewall.adopt(forwardsOf(target, published));
}

export function unpublish(
  state: PortsState,
  target: PublishTarget,
  published: readonly PublishedPort[],
): void {
  state.firewall.remove(forwardsOf(target, published));
  for (const hold of state.holds.get(target.containerId) ?? []) hold[Symbol.dispose]();
  state.holds.delete(target.containerId);
  releasePorts(state, target.containerId, published);
}

function releasePorts(state: PortsState, owner: string, published: readonly PublishedPort[]): void {
  for (const { protocol, hostIp, hostPort } of published) {
    state.allocator.release(owner, { protocol, address: hostIp, port: hostPort });
  }
}

/** What the kernel forwards: a port of the host's IPv6 addresses only to a container that has one. */
export function forwardsOf(
  target: Pick<PublishTarget, 'address' | 'address6'>,
  published: readonly PublishedPort[],
): Forward[] {
  return published.flatMap(({ protocol, hostIp, hostPort, containerPort }) => {
    const address = isIP(hostIp) === 6 ? target.address6 : target.address;
    return address === undefined ? [] : [{ protocol, hostIp, hostPort, address, port: containerPort }];
  });
}

/** Host addresses of one binding: without one, every address of both families. @throws invalid */
function hostAddresses(state: PortsState, binding: PortBinding): string[] {
  if (binding.hostIp === '') return state.ipv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];
  const address = normalizeAddress(binding.hostIp);
  if (isIP(address) === 6 && !state.ipv6)
    throw invalid(`cannot publish on ${address}: this host has no IPv6`);
  return [address];
}

/** Host ports in the order they are tried. @throws invalid */
function* candidates(state: PortsState, binding: PortBinding): Generator<number> {
  const { hostPort, hostPortEnd = hostPort, containerPort } = binding;
  for (const port of [hostPort, hostPortEnd]) {
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw invalid(`invalid host port: ${port}`);
  }
  if (!Number.isInteger(containerPort) || containerPort < 1 || containerPort > 65535) {
    throw invalid(`invalid container port: ${containerPort}`);
  }
  if (hostPortEnd < hostPort) throw invalid(`invalid range of host ports: ${hostPort}-${hostPortEnd}`);
  if (hostPort === 0) {
    const { first, last } = ephemeralRange();
    yield* state.allocator.ephemeral(first, last);
    return;
  }
  for (let port = hostPort; port <= hostPortEnd; port++) yield port;
}

/** Takes the first candidate that is free at every address: the same port for IPv4 and IPv6. */
async function bindOne(
  state: PortsState,
  target: PublishTarget,
  binding: PortBinding,
): Promise<{ ports: PublishedPort[]; holds: Disposable[] }> {
  const { protocol, containerPort } = binding;
  const addresses = hostAddresses(state, binding);
  const fixed = binding.hostPort !== 0 && (binding.hostPortEnd ?? binding.hostPort) === binding.hostPort;
  let failure: unknown;
  for (const port of candidates(state, binding)) {
    const wanted = addresses.map((address) => ({ protocol, address, port }));
    const taken = state.allocator.claim(target.containerId, wanted);
    if (taken) {
      failure = systemError(`Bind for ${textOf(taken)} failed: port is already allocated`);
      continue;
    }
    try {
      const holds = await holdAll(target, wanted, containerPort);
      return {
        ports: wanted.map(({ address }) => ({ containerPort, protocol, hostIp: address, hostPort: port })),
        holds,
      };
    } catch (error) {
      for (const each of wanted) state.allocator.release(target.containerId, each);
      failure = error;
      if (fixed || codeOf(error) !== 'EADDRINUSE') break;
    }
  }
  throw failure ?? systemError('all ports are allocated');
}

async function holdAll(
  target: PublishTarget,
  ports: readonly HostPort[],
  containerPort: number,
): Promise<Disposable[]> {
  const holds: Disposable[] = [];
  for (const port of ports) {
    try {
      holds.push(await holdPort(port, handlersFor(target, port, containerPort)));
    } catch (error) {
      for (const hold of holds) hold[Symbol.dispose]();
      throw new BindError(port, target, containerPort, error);
    }
  }
  return holds;
}

/** Only traffic for ::1 may come to the socket, and only where the kernel cannot forward it. */
function handlersFor(target: PublishTarget, port: HostPort, containerPort: number) {
  if (port.address !== '::' && port.address !== '::1') return refuse;
  const addresses = [target.address, ...(target.address6 === undefined ? [] : [target.address6])];
  return loopbackForwarder({ addresses, port: containerPort } satisfies ForwardTarget);
}

const textOf = ({ address, port }: { address: string; port: number }): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;

/** `failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use` */
class BindError extends Error {
  readonly code: string | undefined;

  constructor(port: HostPort, target: PublishTarget, containerPort: number, cause: unknown) {
    const inside = isIP(port.address) === 6 ? (target.address6 ?? target.address) : target.address;
    const where = `${textOf(port)}:${textOf({ address: inside, port: containerPort })}/${port.protocol}`;
    const code = codeOf(cause);
    super(`failed to bind host port for ${where}: ${BIND_FAILURES[code ?? ''] ?? messageOf(cause)}`, {
      cause,
    });
    this.code = code;
  }
}
