import { familyOf } from './bridge.ts';
import type { Element } from './element.ts';

/** One published port: what arrives at the host's address and port goes to a container's. */
export interface Forward {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** `0.0.0.0` and `::`: every address of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

/** A port of a container in a routed network that others reach at the container's own address. */
export type Opening = Pick<Forward, 'protocol' | 'address' | 'port'>;

/** `any4 { tcp . 80 : 172.17.0.2 . 8080 }`, `at4 { 127.0.0.1 . tcp . 80 : 172.17.0.2 . 8080 }` */
export function elementOfForward({ protocol, hostIp, hostPort, address, port }: Forward): Element {
  const wildcard = hostIp === '0.0.0.0' || hostIp === '::';
  return {
    set: `${wildcard ? 'any' : 'at'}${familyOf(hostIp)}`,
    key: `${wildcard ? '' : `${hostIp} . `}${protocol} . ${hostPort}`,
    value: `${address} . ${port}`,
  };
}

/** `routed4 { 172.17.0.2 . tcp . 80 }` */
export const elementOfOpening = ({ protocol, address, port }: Opening): Element => ({
  set: `routed${familyOf(address)}`,
  key: `${address} . ${protocol} . ${port}`,
});

/** A port of a container that one neighbour may reach in a network whose members do not reach each other. */
export interface Link extends Opening {
  readonly bridge: string;
  readonly source: string;
}

/** `linked4 { "berth0" . 172.17.0.2 . 172.17.0.3 . tcp . 80 }` */
export const elementOfLink = ({ bridge, source, protocol, address, port }: Link): Element => ({
  set: 'linked4',
  key: `"${bridge}" . ${source} . ${address} . ${protocol} . ${port}`,
});

/**
 * A published container that is on several networks: what comes from one of the others must be answered through
 * us, and the container would answer it directly. `nearby4 { 172.18.0.2 . 172.19.0.0/16 }`
 */
export const elementOfNeighbour = (address: string, subnet: string): Element => ({
  set: `nearby${familyOf(address)}`,
  key: `${address} . ${subnet}`,
});
