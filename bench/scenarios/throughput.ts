import { run } from '../peer.ts';
import { throughput } from '../sample.ts';
import type { Scenario } from './index.ts';

/** Whole `run --rm` commands, several at a time. */
export const inFlight: Scenario = async (peer, { rounds }) => {
  const once = () => run([...peer.command, 'run', ...peer.runFlags, '--rm', 'busybox', 'true']);
  return [
    { what: 'runs a second, 8 in flight', unit: '/s', value: await throughput(24 * rounds, 8, once) },
    { what: 'runs a second, 32 in flight', unit: '/s', value: await throughput(64 * rounds, 32, once) },
  ];
};
