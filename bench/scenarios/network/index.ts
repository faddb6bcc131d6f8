import type { Scenario } from '../../scenario.ts';
import { names } from './names.ts';
import { port, ports } from './ports.ts';
import { starts } from './starts.ts';
import { traffic } from './traffic.ts';
import { verbs } from './verbs.ts';

/** All of them by `--rows network`. */
export const network: Readonly<Record<string, Scenario>> = {
  'network-verbs': verbs,
  'network-starts': starts,
  'network-port': port,
  'network-names': names,
  'network-traffic': traffic,
  // Last: where each port has a process they are busy for a while after.
  'network-ports': ports(1000),
};
