import { isIP } from 'node:net';
import { normalizeAddress } from '#lib/address';
import { codeOf, invalid, systemError } from '#lib/errors';
import { ephemeralRange } from './ephemeral.ts';
import { hold, hostPortOf, textOfPort } from './holding.ts';
import type { PortBinding, PublishedPort, PublishTarget } from './port.ts';
import type { Held, PortsState } from './ports.ts';

/**
 * Takes a port of the host for one binding: the first candidate that is free at every address, the same for IPv4
 * and IPv6.
 * @throws invalid, system (`Bind for 0.0.0.0:80 failed: port is already allocated`), BindError
 */
export function bind(
  state: PortsState,
  target: PublishTarget,
  binding: PortBinding,
  loopback6: boolean,
): Held {
  const { protocol, containerPort, hostPort, hostPortEnd = hostPort } = binding;
  checkPorts(binding);
  const addresses = hostAddresses(state, target, binding);
  const routed = addresses.filter(isRouted(target));
  const translated = addresses.filter((address) => !routed.includes(address));
  const openings = routed.map((hostIp) => ({ containerPort, protocol, hostIp, hostPort: 0 }));
  if (translated.length === 0) return { ports: openings, hold: new DisposableStack() };
  const fixed = hostPort !== 0 && hostPortEnd === hostPort;
  let failure: unknown;
  for (const port of candidates(state, binding)) {
    const wanted: PublishedPort[] = translated.map((hostIp) => ({
      containerPort,
      protocol,
      hostIp,
      hostPort: port,
    }));
    const taken = state.allocator.claim(target.containerId, wanted.map(hostPortOf));
    if (taken) {
      failure = systemError(`Bind for ${textOfPort(taken)} failed: port is already allocated`);
      continue;
    }
    try {
      const held = hold(target, wanted, { loopback6, outside: state.outside });
      return { ports: [...wanted, ...openings], hold: held };
    } catch (error) {
      for (const each of wanted) state.allocator.release(target.containerId, hostPortOf(each));
      failure = error;
      if (fixed || codeOf(error) !== 'EADDRINUSE') break;
    }
  }
  throw failure ?? systemError('all ports are allocated');
}

function checkPorts({ hostPort, hostPortEnd = hostPort, containerPort }: PortBinding): void {
  for (const port of [hostPort, hostPortEnd]) {
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw invalid(`invalid host port: ${port}`);
  }
  if (!Number.isInteger(containerPort) || containerPort < 1 || containerPort > 65535) {
    throw invalid(`invalid container port: ${containerPort}`);
  }
  if (hostPortEnd < hostPort) throw invalid(`invalid range of host ports: ${hostPort}-${hostPortEnd}`);
}

/** Host addresses of one binding: without one, every address of both families. @throws invalid */
function hostAddresses(state: PortsState, target: PublishTarget, binding: PortBinding): string[] {
  const asked = binding.hostIp === '' ? (target.hostIp ?? '') : binding.hostIp;
  // As a network's option 0.0.0.0 is what holds anyway: every address.
  const everywhere = asked === '' || (binding.hostIp === '' && asked === '0.0.0.0');
  if (everywhere) return state.ipv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];
  const address = normalizeAddress(asked);
  if (isIP(address) === 6 && !state.ipv6) {
    throw invalid(`cannot publish on ${address}: this host has no IPv6`);
  }
  return [address];
}

const isRouted =
  ({ routed4 = false, routed6 = false }: PublishTarget) =>
  (address: string): boolean =>
    isIP(address) === 6 ? routed6 : routed4;

/** Host ports in the order they are tried. */
function* candidates(state: PortsState, binding: PortBinding): Generator<number> {
  const { hostPort, hostPortEnd = hostPort } = binding;
  if (hostPort === 0) {
    const { first, last } = ephemeralRange();
    yield* state.allocator.ephemeral(first, last);
    return;
  }
  for (let port = hostPort; port <= hostPortEnd; port++) yield port;
}
