import { RouteSocket } from '#linux/netlink';

/** An interface that packets come in by. */
export interface HostInterface {
  readonly name: string;
  readonly addresses: readonly { readonly address: string; readonly prefix: number }[];
}

export interface HostRoute {
  readonly destination: string;
  readonly prefix: number;
  readonly gateway?: string;
  readonly interface: string;
}

/** How the host sees the world: what its rules may look at besides the packet. */
export interface Host {
  readonly interfaces: readonly HostInterface[];
  readonly routes: readonly HostRoute[];
}

/**
 * The host of the network namespace that this process is in, without loopback, the bridges that `isOurs` names, and
 * what is only a port of another interface.
 */
export function readHost(isOurs: (name: string) => boolean): Host {
  using route = new RouteSocket();
  const links = route.links();
  const masters = new Set(
    links.filter(({ kind }) => kind === 'bridge' || kind === 'bond').map(({ index }) => index),
  );
  const interfaces = links.filter(
    ({ name, up, master }) =>
      up && name !== 'lo' && !isOurs(name) && (master === undefined || !masters.has(master)),
  );
  const names = new Map(interfaces.map(({ index, name }) => [index, name]));
  const addresses = route.addresses();
  return {
    interfaces: interfaces.map(({ index, name }) => ({
      name,
      addresses: addresses
        .filter((entry) => entry.index === index)
        .map(({ address, prefix }) => ({ address, prefix })),
    })),
    routes: [...route.routes(4), ...route.routes(6)].flatMap(({ destination, prefix, gateway, index }) => {
      const name = names.get(index ?? -1);
      if (name === undefined) return [];
      return [{ destination, prefix, interface: name, ...(gateway === undefined ? {} : { gateway }) }];
    }),
  };
}
