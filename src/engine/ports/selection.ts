import { normalizeAddress, parseAddress } from '#lib/address';
import type { PortBinding, Protocol, PublishedPort } from './port.ts';

/** Published ports, named by what they are on the host. */
export interface PortSelection {
  readonly protocol: Protocol;
  /** '': at whatever address. */
  readonly hostIp: string;
  readonly hostPort: number;
  /** Without it: wherever it leads. */
  readonly containerPort?: number;
}

export const selects = (selection: PortSelection, port: PublishedPort): boolean =>
  matches(selection, port) && selection.hostPort === port.hostPort;

/** A binding that could only have come to have the port is taken for the one that has it. */
const selectsBinding = (selection: PortSelection, binding: PortBinding): boolean =>
  matches(selection, binding) && isCandidate(binding, selection.hostPort);

const matches = (
  { protocol, hostIp, containerPort }: PortSelection,
  port: Pick<PublishedPort, 'protocol' | 'hostIp' | 'containerPort'>,
): boolean =>
  protocol === port.protocol &&
  (hostIp === '' || normal(hostIp) === normal(port.hostIp)) &&
  (containerPort === undefined || containerPort === port.containerPort);

const normal = (address: string): string => (parseAddress(address) ? normalizeAddress(address) : address);

const isCandidate = ({ hostPort, hostPortEnd = hostPort }: PortBinding, port: number): boolean =>
  hostPort <= port && port <= hostPortEnd;

export const withoutSelected = (
  bindings: readonly PortBinding[],
  selections: readonly PortSelection[],
): PortBinding[] => bindings.filter((binding) => !selections.some((each) => selectsBinding(each, binding)));

/** The bindings whose ports are still there: for each port that has gone, the one that it came from goes. */
export function withoutPorts(
  bindings: readonly PortBinding[],
  gone: readonly PublishedPort[],
): PortBinding[] {
  const left = [...bindings];
  // Both families of a binding have one port.
  const ports = new Map(
    gone.map((port) => [`${port.protocol} ${port.hostPort} ${port.containerPort} ${addressOf(port)}`, port]),
  );
  for (const port of ports.values()) {
    const from = (exact: boolean) =>
      left.findIndex(
        (binding) =>
          binding.protocol === port.protocol &&
          binding.containerPort === port.containerPort &&
          (binding.hostIp === '' || normal(binding.hostIp) === port.hostIp) &&
          (binding.hostPort === 0 ? !exact : isCandidate(binding, port.hostPort)),
      );
    const index = from(true) >= 0 ? from(true) : from(false);
    if (index >= 0) left.splice(index, 1);
  }
  return left;
}

const addressOf = ({ hostIp }: PublishedPort): string =>
  hostIp === '0.0.0.0' || hostIp === '::' ? '' : hostIp;
