import { readFile } from 'node:fs/promises';
import type { InterfaceCounters } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/**
 * The counters of a sandbox's interfaces by their names inside. They are read at the host's end of each
 * veth pair with the directions swapped: what one end sent the other received, and no namespace has to be entered.
 */
export async function statistics(
  state: NetworksState,
  containerId: string,
): Promise<Record<string, InterfaceCounters>> {
  const record = state.sandboxes.get(containerId);
  const owner = record?.joins === undefined ? record : state.sandboxes.owner(record.joins);
  const plugged = (owner?.endpoints ?? []).flatMap((endpoint) =>
    endpoint.hostInterface === undefined
      ? []
      : [{ inside: endpoint.interface, outside: endpoint.hostInterface }],
  );
  if (plugged.length === 0) return {};
  const text = await readFile('/proc/net/dev', 'utf8');
  return Object.fromEntries(
    plugged.flatMap(({ inside, outside }) => {
      const counters = parseCounters(text, outside);
      return counters ? [[inside, counters]] : [];
    }),
  );
}

/** One line of /proc/net/dev, seen from the other end. Columns: proc_net_dev of proc(5). */
export function parseCounters(text: string, name: string): InterfaceCounters | undefined {
  const line = text.split('\n').find((candidate) => candidate.trimStart().startsWith(`${name}:`));
  if (line === undefined) return undefined;
  const values = line
    .slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0] = values;
  const [txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = values.slice(8);
  return {
    rxBytes: txBytes,
    rxPackets: txPackets,
    rxErrors: txErrors,
    rxDropped: txDropped,
    txBytes: rxBytes,
    txPackets: rxPackets,
    txErrors: rxErrors,
    txDropped: rxDropped,
  };
}
