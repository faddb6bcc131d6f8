import { serve } from '#lib/thread';
import { DnsServer } from './server.ts';

/** The thread that answers all questions: neither a flood of them nor a busy engine can starve the other. */

const server = new DnsServer();
process.once('exit', () => server[Symbol.dispose]());

const handlers = {
  started: () => {},
  keepIn: (...args: Parameters<DnsServer['keepIn']>) => server.keepIn(...args),
  takeOver: (...args: Parameters<DnsServer['takeOver']>) => server.takeOver(...args),
  forgetLeft: () => server.forgetLeft(),
  putNetwork: (...args: Parameters<DnsServer['putNetwork']>) => server.putNetwork(...args),
  removeNetwork: (...args: Parameters<DnsServer['removeNetwork']>) => server.removeNetwork(...args),
  putEndpoint: (...args: Parameters<DnsServer['putEndpoint']>) => server.putEndpoint(...args),
  removeEndpoint: (...args: Parameters<DnsServer['removeEndpoint']>) => server.removeEndpoint(...args),
  putKnown: (...args: Parameters<DnsServer['putKnown']>) => server.putKnown(...args),
  prepare: (...args: Parameters<DnsServer['prepare']>) => server.prepare(...args),
  serve: (...args: Parameters<DnsServer['serve']>) => server.serve(...args),
  release: (...args: Parameters<DnsServer['release']>) => server.release(...args),
};
export type DnsThread = typeof handlers;

serve(handlers);
