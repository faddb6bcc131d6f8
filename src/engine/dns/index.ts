/** The DNS server at 127.0.0.11 of every container. */
export { Dns, type DnsOptions } from './dns.ts';
export {
  formatResolvConf,
  mergeResolvConf,
  parseResolvConf,
  type ResolvConf,
  resolverConf,
} from './resolv-conf.ts';
export type { DnsClient, DnsEndpoint, DnsNetwork, DnsSight, UpstreamServer } from './view.ts';
