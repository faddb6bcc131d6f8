import { BlockList } from 'node:net';
import { invalid } from '#lib/errors';
import { defineCommand, exactly } from '../../command.ts';
import { Exit } from '../../errors.ts';
import { collectLabels } from '../../flags/environment.ts';
import { bool, commaList, type FlagValues, list, map, string } from '../../flags/flag.ts';
import { isIp } from '../../flags/ports.ts';

const flags = {
  attachable: bool('Let containers that were started by hand attach'),
  'aux-address': map('Addresses the network must not give away'),
  'config-from': string('Take the configuration of this network'),
  'config-only': bool('Make a network that is only a configuration'),
  driver: string('Network driver', { short: 'd', initial: 'bridge' }),
  gateway: commaList('Gateway of a subnet'),
  ingress: bool('Make the routing mesh of a swarm'),
  internal: bool('No way out of the network'),
  'ip-range': commaList('Give addresses of this part of the subnet only'),
  'ipam-driver': string('Driver of the address management', { initial: 'default' }),
  'ipam-opt': map('Option of the address management'),
  ipv4: bool('IPv4', { on: true }),
  ipv6: bool('IPv6'),
  label: list('Set a label'),
  opt: map('Option of the driver', { short: 'o' }),
  scope: string('Scope of the network'),
  subnet: commaList('Subnet in CIDR format'),
} as const;

export const command = defineCommand({
  usage: '[OPTIONS] NETWORK',
  args: exactly(1),
  flags,
  async run({ client, out, err, env }, { flags: said, given, args: [name = ''] }) {
    if (said.ingress)
      throw new Exit(1, 'berth network create: --ingress needs swarm mode, which is not supported');
    const created = await client.networks.create({
      Name: name,
      CheckDuplicate: true,
      Driver: said.driver,
      Scope: said.scope || undefined,
      EnableIPv4: given.has('ipv4') ? said.ipv4 : undefined,
      EnableIPv6: given.has('ipv6') ? said.ipv6 : undefined,
      Internal: said.internal || undefined,
      Attachable: said.attachable || undefined,
      ConfigOnly: said['config-only'] || undefined,
      ConfigFrom: said['config-from'] ? { Network: said['config-from'] } : undefined,
      IPAM: { Driver: said['ipam-driver'], Options: said['ipam-opt'], Config: ipamConfig(said) },
      Options: said.opt,
      Labels: collectLabels([], said.label, env),
    });
    if (created.Warning) err.line(`WARNING: ${created.Warning}`);
    out.line(created.Id);
  },
});

interface Pool {
  readonly Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/** Ranges, gateways and auxiliary addresses go to the subnet that holds them. @throws invalid */
function ipamConfig(said: FlagValues<typeof flags>): Pool[] {
  const pools = said.subnet.map((subnet): Pool => ({ Subnet: checkCidr(subnet) }));
  const poolOf = (address: string, option: string) => {
    const found = pools.find(({ Subnet }) => contains(Subnet, address));
    if (!found) throw invalid(`no matching subnet for ${option} ${address}`);
    return found;
  };
  for (const range of said['ip-range']) {
    const pool = poolOf(checkCidr(range).split('/')[0] ?? '', 'range');
    if (pool.IPRange !== undefined)
      throw invalid(
        `cannot configure multiple ranges (${range}, ${pool.IPRange}) on the same subnet (${pool.Subnet})`,
      );
    pool.IPRange = range;
  }
  for (const gateway of said.gateway) {
    if (!isIp(gateway)) throw invalid(`invalid gateway address: ${gateway}`);
    const pool = poolOf(gateway, 'gateway');
    if (pool.Gateway !== undefined)
      throw invalid(
        `cannot configure multiple gateways (${gateway}, ${pool.Gateway}) for the same subnet (${pool.Subnet})`,
      );
    pool.Gateway = gateway;
  }
  for (const [host, address] of Object.entries(said['aux-address'])) {
    const pool = poolOf(address, 'aux-address');
    pool.AuxiliaryAddresses = { ...pool.AuxiliaryAddresses, [host]: address };
  }
  return pools;
}

function checkCidr(text: string): string {
  const [address = '', bits = ''] = text.split('/');
  const limit = address.includes(':') ? 128 : 32;
  if (!isIp(address) || !/^\d{1,3}$/.test(bits) || Number(bits) > limit)
    throw invalid(`invalid subnet ${text}: use CIDR format, such as 10.1.0.0/16`);
  return text;
}

function contains(subnet: string, address: string): boolean {
  const [base = '', bits = ''] = subnet.split('/');
  if (!isIp(address)) return false;
  const family = (ip: string) => (ip.includes(':') ? 'ipv6' : 'ipv4');
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family(base));
  return list.check(address, family(address));
}
