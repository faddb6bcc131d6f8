/** A process with a DNS server for one namespace: the tests kill it. Arguments: directory, path of the namespace, id of the sandbox. */
import { silentLogger } from '#lib/log';
import { Dns } from './index.ts';

const [directory = '', netns = '', sandboxId = ''] = process.argv.slice(2);
const dns = await Dns.open({
  directory,
  log: { ...silentLogger, warn: console.error, error: console.error },
});
await dns.putNetwork({ id: 'n', name: 'net', subnets: ['10.1.0.0/16'] });
await dns.putEndpoint({
  networkId: 'n',
  containerId: 'c',
  names: ['web'],
  addresses: ['10.1.0.2'],
  ports: [],
});
const rest = { networks: [{ id: 'n', links: {} }], servers: [], external: false, ipv6: false, ndots: false };
await dns.serve({ sandboxId, netns, ...rest });
await dns.settle();
process.send?.('ready');
process.on('message', () => {
  void dns.release(sandboxId).then(() => dns.close());
  process.disconnect?.();
});
