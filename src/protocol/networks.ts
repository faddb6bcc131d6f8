import { array, boolean, integer, map, object, type Static, string } from './schema.ts';

/** What a container asks of a network. */
export const endpointSettings = object({
  IPAMConfig: object({ IPv4Address: string, IPv6Address: string, LinkLocalIPs: array(string) }),
  Links: array(string),
  Aliases: array(string),
  MacAddress: string,
  DriverOpts: map(string),
  GwPriority: integer,
  NetworkID: string,
});
export type EndpointSettings = Static<typeof endpointSettings>;

const ipamConfig = object({
  Subnet: string,
  IPRange: string,
  Gateway: string,
  AuxiliaryAddresses: map(string),
});

/** POST /networks/create */
export const networkCreateRequest = object({
  Name: string,
  CheckDuplicate: boolean,
  Driver: string,
  Scope: string,
  EnableIPv4: boolean,
  EnableIPv6: boolean,
  IPAM: object({ Driver: string, Config: array(ipamConfig), Options: map(string) }),
  Internal: boolean,
  Attachable: boolean,
  Ingress: boolean,
  ConfigOnly: boolean,
  ConfigFrom: object({ Network: string }),
  Options: map(string),
  Labels: map(string),
});
export type NetworkCreateRequest = Static<typeof networkCreateRequest>;

export interface NetworkCreateResponse {
  readonly Id: string;
  readonly Warning: string;
}

/** POST /networks/{id}/connect */
export const networkConnectRequest = object({ Container: string, EndpointConfig: endpointSettings });
export type NetworkConnectRequest = Static<typeof networkConnectRequest>;

/** POST /networks/{id}/disconnect */
export const networkDisconnectRequest = object({ Container: string, Force: boolean });
export type NetworkDisconnectRequest = Static<typeof networkDisconnectRequest>;

export interface NetworkContainer {
  readonly Name: string;
  readonly EndpointID: string;
  readonly MacAddress: string;
  readonly IPv4Address: string;
  readonly IPv6Address: string;
}

/** GET /networks/{id} and, without containers, one row of GET /networks */
export interface NetworkInspect {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: string;
  readonly Driver: string;
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly IPAM: {
    readonly Driver: string;
    readonly Options: Readonly<Record<string, string>> | null;
    readonly Config: readonly {
      readonly Subnet?: string;
      readonly IPRange?: string;
      readonly Gateway?: string;
      readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
    }[];
  };
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly ConfigFrom: { readonly Network: string };
  readonly ConfigOnly: boolean;
  readonly Containers: Readonly<Record<string, NetworkContainer>>;
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Status?: NetworkStatus;
}

/** Since 1.52 */
export interface NetworkStatus {
  readonly IPAM: {
    readonly Subnets: Readonly<
      Record<string, { readonly IPsInUse: number; readonly DynamicIPsAvailable: number }>
    >;
  };
}

/** POST /networks/prune */
export interface NetworksPruneReport {
  readonly NetworksDeleted: readonly string[] | null;
}
