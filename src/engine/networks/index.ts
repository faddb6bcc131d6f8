/** Networks, and the network sandbox that each container has from start to stop. */
export type { CreateNetworkOptions, Network, NetworksOptions } from './network.ts';
export { Networks } from './networks.ts';
export type {
  AttachOptions,
  Endpoint,
  InterfaceCounters,
  PortBinding,
  Protocol,
  PublishedPort,
  Sandbox,
} from './sandbox.ts';
