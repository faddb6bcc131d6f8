import { messageOf } from '#lib/errors';
import { tryHold } from './holding.ts';
import type { PortsState } from './ports.ts';

/** Milliseconds between two looks at what no event tells of. */
const INTERVAL_MS = 5_000;

/**
 * Whether the kernel carries [::1] to containers now. Another program may have switched bridge netfilter on or off
 * (loading br_netfilter is enough): then another carries the ports that are there, too.
 */
export function followLoopback6(state: PortsState): boolean {
  const loopback6 = state.firewall.carriesLoopback6();
  if (loopback6 === state.loopback6) return loopback6;
  state.loopback6 = loopback6;
  for (const [id, { target, held }] of state.published) {
    const again = held.map((each) => {
      if (!each.ports.some(({ hostIp }) => hostIp === '::' || hostIp === '::1')) return each;
      each.hold[Symbol.dispose]();
      return { ports: each.ports, hold: tryHold(state, target, each.ports, loopback6) };
    });
    state.published.set(id, { target, held: again });
  }
  return loopback6;
}

/** Looks from time to time, for as long as ports are published. */
export function watchLoopback6(state: PortsState): Disposable {
  const timer = setInterval(() => {
    if (state.published.size === 0) return;
    try {
      followLoopback6(state);
    } catch (error) {
      state.log.error('could not follow a change of bridge netfilter', { error: messageOf(error) });
    }
  }, INTERVAL_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
