import { run } from '../peer.ts';
import { median, sample } from '../sample.ts';
import type { Scenario } from './index.ts';

const MEGABYTES = 100;

/** Lines through the log to an attached client that throws them away. */
export const logs: Scenario = async (peer) => {
  const script = `yes 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef | head -c ${MEGABYTES * 1e6}`;
  const argv = [...peer.command, 'run', ...peer.runFlags, '--rm', 'busybox', 'sh', '-c', script];
  const quoted = argv.map((word) => `'${word}'`).join(' ');
  const taken = await sample(3, () => run(['sh', '-c', `${quoted} >/dev/null`]));
  return [{ what: 'log throughput, attached', unit: 'MB/s', value: (MEGABYTES * 1000) / median(taken) }];
};
