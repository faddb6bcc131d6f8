import { address, cidr, searchDomain } from './check.ts';
import { addressPools, networkOptions } from './objects.ts';
import { choice, list, text, toggle, whole } from './option.ts';

/** Networks and names. */
export const NETWORKS = {
  bip: text({
    check: cidr(4),
    help: 'IPv4 address and network of the default bridge, such as 172.20.0.1/16',
  }),
  bip6: text({ check: cidr(6), help: 'IPv6 address and network of the default bridge' }),
  bridge: text({ short: 'b', help: 'Name of the default bridge; "none" for none' }),
  'default-address-pool': addressPools({
    key: 'default-address-pools',
    help: 'Pools that networks without a subnet get theirs from: base=10.200.0.0/16,size=24',
  }),
  'default-gateway': text({ check: address(4), help: 'IPv4 gateway of containers on the default bridge' }),
  'default-gateway-v6': text({ check: address(6), help: 'IPv6 gateway of containers on the default bridge' }),
  'default-network-opt': networkOptions({
    key: 'default-network-opts',
    help: 'Options of new networks, by driver: bridge=name=value',
  }),
  dns: list({ check: address(), help: 'DNS server to use' }),
  'dns-opt': list({ key: 'dns-opts', help: 'DNS options to use' }),
  'dns-search': list({ check: searchDomain, help: 'DNS search domains to use' }),
  'fixed-cidr': text({
    check: cidr(4),
    help: 'Part of the default bridge that containers get addresses from',
  }),
  'fixed-cidr-v6': text({ check: cidr(6), help: 'IPv6 subnet of the default bridge' }),
  'host-gateway-ip': list({
    check: address(),
    key: 'host-gateway-ips',
    help: 'What "host-gateway" in --add-host stands for (default: the default bridge)',
  }),
  icc: toggle({ help: 'Containers of the default bridge may talk to each other (default true)' }),
  ip: text({
    check: address(),
    help: 'Address that ports are published on when none is named (default: all)',
  }),
  'ip-forward': toggle({ help: "Switch the kernel's forwarding on (default true)" }),
  'ip-masq': toggle({ help: 'Masquerade what leaves the default bridge (default true)' }),
  ipv6: toggle({ help: 'IPv6 on the default bridge (default: where the host has it)' }),
  mtu: whole({ help: 'MTU of the default network (default 1500)' }),
  'publish-policy': choice(['open', 'host-firewall', 'manual'], {
    help: 'Who decides who may reach a published port from other hosts: "host-firewall" (default), "open", "manual"',
  }),
} as const;
