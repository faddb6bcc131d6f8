/** Networks, and the network sandbox that each container has from start to stop. */
export type { PortBinding, Protocol, PublishedPort } from '#engine/ports';

export type { ChangedPorts, PortChange } from './change-ports.ts';
export type {
  AddressPool,
  CreateNetworkOptions,
  Network,
  NetworkPool,
  NetworksOptions,
  PoolUsage,
} from './network.ts';

export { Networks } from './networks.ts';
export type {
  AttachOptions,
  Bandwidth,
  Endpoint,
  EndpointOptions,
  InterfaceCounters,
  MakeNetns,
  Sandbox,
} from './sandbox.ts';
