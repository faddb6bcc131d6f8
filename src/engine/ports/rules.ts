import { isIP } from 'node:net';
import { type Element, elementOfForward, elementOfNeighbour, elementOfOpening } from '#engine/firewall';
import type { PublishedPort, PublishTarget } from './port.ts';

/** What the kernel is told of published ports: one goes to a container only if it has an address of its family. */
export const elementsOf = (target: PublishTarget, ports: readonly PublishedPort[]): Element[] =>
  ports.flatMap((port) => elementsOfPort(target, port));

function elementsOfPort(target: PublishTarget, published: PublishedPort): Element[] {
  const { protocol, hostIp, hostPort, containerPort: port } = published;
  const six = isIP(hostIp) === 6;
  const address = six ? target.address6 : target.address;
  if (address === undefined) return [];
  if (hostPort === 0) return [elementOfOpening({ protocol, address, port })];
  const nearby = (target.nearby ?? []).filter((subnet) => subnet.includes(':') === six);
  return [
    elementOfForward({ protocol, hostIp, hostPort, address, port }),
    ...nearby.map((subnet) => elementOfNeighbour(address, subnet)),
  ];
}
