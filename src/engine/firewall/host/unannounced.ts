import { createHash } from 'node:crypto';
import { legacyNames, legacySave, mayHaveIpsets, runAsync } from './rules.ts';

/** Milliseconds between two looks, and how much longer than it took the pause after one is at least. */
const INTERVAL_MS = 5_000;
const FACTOR = 20;

/**
 * Looks from time to time at what sends no event when it changes: the kernel's old iptables tables, and ipsets.
 * Their programs are run only where there are such things, and never for more than a twentieth of the time.
 */
export function watchUnannounced(onChange: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let before: string | undefined;
  let disposed = false;
  const later = (ms: number) => {
    timer = setTimeout(() => void look(), ms).unref();
  };
  const look = async () => {
    const started = performance.now();
    const now = await fingerprint();
    if (disposed) return;
    if (before !== undefined && now !== before) onChange();
    before = now;
    later(Math.max(INTERVAL_MS, FACTOR * (performance.now() - started)));
  };
  later(0);
  return {
    [Symbol.dispose]: () => {
      disposed = true;
      clearTimeout(timer);
    },
  };
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const family of ['ip', 'ip6'] as const) {
    for (const table of legacyNames(family)) {
      hash.update((await output(legacySave(family), ['-t', table])).replaceAll(COUNTERS, ''));
    }
  }
  if (mayHaveIpsets()) hash.update((await output('ipset', ['save'])).replaceAll(TIMEOUTS, ''));
  return hash.digest('hex');
}

/** What counts by itself is no change of rules. */
const COUNTERS = /\[\d+:\d+\]|^#.*$/gm;
const TIMEOUTS = / timeout \d+| packets \d+ bytes \d+/g;

/** '' when the program is not there or fails: whoever needs its answer asks again, and says so. */
async function output(program: string, args: readonly string[]): Promise<string> {
  try {
    return await runAsync(program, args);
  } catch {
    return '';
  }
}
