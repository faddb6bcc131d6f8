import { shortId } from '#lib/ids';
import type { NetworkInspect } from '#protocol';
import type { Listing, Row } from '../../output/list.ts';
import { goTime, joinLabels } from '../../output/text.ts';

export const networkListing: Listing = {
  titles: {
    CreatedAt: 'CREATED AT',
    Driver: 'DRIVER',
    ID: 'NETWORK ID',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    Name: 'NAME',
    Scope: 'SCOPE',
  },
  columns: ['ID', 'Name', 'Driver', 'Scope'],
  quiet: 'ID',
};

export const networkRow = (network: NetworkInspect, truncate: boolean): Row => ({
  CreatedAt: goTime(Date.parse(network.Created)),
  Driver: network.Driver,
  ID: truncate ? shortId(network.Id) : network.Id,
  IPv4: String(network.EnableIPv4 ?? true),
  IPv6: String(network.EnableIPv6),
  Internal: String(network.Internal),
  Label: (name: unknown) => network.Labels?.[String(name)] ?? '',
  Labels: joinLabels(network.Labels),
  Name: network.Name,
  Scope: network.Scope,
});
