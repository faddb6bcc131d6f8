import { defineCommand, exactly } from '../../command.ts';
import { commaList, int, list, map, string } from '../../flags/flag.ts';
import { address, bandwidth, parseLink } from '../../flags/network.ts';
import { endpointOf } from '../container/config/networking.ts';

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: exactly(2),
  completes: ['network', 'container'],
  flags: {
    alias: commaList('Further name of the container in the network'),
    'bandwidth-in': string('Limit what the container receives (such as 10mbit)'),
    'bandwidth-out': string('Limit what the container sends (such as 10mbit)'),
    'driver-opt': map('Option of the driver'),
    'gw-priority': int('Which network gives the default gateway: the one with the highest'),
    ip: string('IPv4 address (such as 172.30.100.104)'),
    ip6: string('IPv6 address (such as 2001:db8::33)'),
    link: list('Link to another container', { parse: parseLink }),
    'link-local-ip': commaList('Link-local address'),
  },
  async run({ client }, { flags, args: [network = '', container = ''] }) {
    const settings = endpointOf(
      {
        target: network,
        aliases: flags.alias,
        driverOpts: {
          ...flags['driver-opt'],
          ...(flags['bandwidth-in'] && { 'bandwidth-in': bandwidth(flags['bandwidth-in']) }),
          ...(flags['bandwidth-out'] && { 'bandwidth-out': bandwidth(flags['bandwidth-out']) }),
        },
        ip: flags.ip ? address(flags.ip) : '',
        ip6: flags.ip6 ? address(flags.ip6) : '',
        mac: '',
        linkLocalIps: flags['link-local-ip'].map(address),
        gatewayPriority: flags['gw-priority'],
      },
      flags.link,
    );
    await client.networks.connect(network, { Container: container, EndpointConfig: settings });
  },
});
