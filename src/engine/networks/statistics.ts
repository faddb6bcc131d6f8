import { readFile } from 'node:fs/promises';
import type { Endpoint, InterfaceCounters } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/**
 * The counters of a sandbox's interfaces by their names inside. Those of a veth pair are read at the host's end
 * with the directions swapped: what one end sent the other received, and no namespace has to be entered.
 */
export async function statistics(
  state: NetworksState,
  containerId: string,
): Promise<Record<string, InterfaceCounters>> {
  const record = state.sandboxes.get(containerId);
  const owner = record?.joins === undefined ? record : state.sandboxes.owner(record.joins);
  const plugged = (owner?.endpoints ?? []).filter((endpoint) => endpoint.interface !== '');
  const isPair = ({ hostInterface }: Endpoint) => hostInterface !== undefined;
  const host = plugged.some(isPair) ? await readFile('/proc/net/dev', 'utf8') : '';
  const inside =
    owner?.netns === undefined || plugged.every(isPair)
      ? ''
      : await state.worker.readProcNet(owner.netns, 'dev');
  return Object.fromEntries(
    plugged.flatMap(({ interface: name, hostInterface }) => {
      const counters =
        hostInterface === undefined
          ? parseCounters(inside, name)
          : otherEnd(parseCounters(host, hostInterface));
      return counters ? [[name, counters]] : [];
    }),
  );
}

const otherEnd = (counters: InterfaceCounters | undefined): InterfaceCounters | undefined =>
  counters && {
    rxBytes: counters.txBytes,
    rxPackets: counters.txPackets,
    rxErrors: counters.txErrors,
    rxDropped: counters.txDropped,
    txBytes: counters.rxBytes,
    txPackets: counters.rxPackets,
    txErrors: counters.rxErrors,
    txDropped: counters.rxDropped,
  };

/** One line of /proc/net/dev. Columns: proc_net_dev of proc(5). */
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
  return { rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped };
}
