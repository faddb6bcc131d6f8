import type { PortBinding, PublishedPort } from '#engine/ports';
import type { NetworksState } from './state.ts';

type Port = Pick<PublishedPort, 'protocol' | 'hostIp' | 'hostPort'>;

/** What whoever publishes ports should know: those that nobody from outside reaches, though other hosts are meant to. */
export const portWarnings = (state: NetworksState, bindings: readonly PortBinding[]): string[] =>
  closedPorts(state, bindings).map(
    (port) =>
      `published port ${port} is closed to other hosts by this host's firewall: open it there as for a server of the host itself ("berth port explain ${port}" says which rule decides)`,
  );

/** The same of ports that a start has chosen, for the log. */
export function logClosedPorts(
  state: NetworksState,
  container: string,
  ports: readonly PublishedPort[],
): void {
  const closed = closedPorts(state, ports);
  if (closed.length === 0) return;
  const fields = { container, ports: closed.join(', ') };
  state.options.log.info("published ports are closed to other hosts by this host's firewall", fields);
}

/** `8080/tcp`; of bindings that leave the choice to us nothing is known yet. */
function closedPorts(
  { firewall }: NetworksState,
  ports: readonly (Port & { hostPortEnd?: number })[],
): string[] {
  const closed = ports
    .filter(({ hostIp, hostPort, hostPortEnd = hostPort }) => {
      const isOnLoopback = hostIp.startsWith('127.') || hostIp === '::1';
      return hostPort !== 0 && hostPortEnd === hostPort && !isOnLoopback;
    })
    .filter(({ protocol, hostPort: port }) => firewall.isClosed({ protocol, port }))
    .map(({ protocol, hostPort }) => `${hostPort}/${protocol}`);
  return [...new Set(closed)];
}
