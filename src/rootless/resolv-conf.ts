import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { bindMount } from '#linux/mount';

const RESOLV_CONF = '/etc/resolv.conf';

/**
 * Gives this mount namespace a resolv.conf with a name server that can be reached from the engine's network: the
 * host's may listen on loopback. Search domains and options are the host's. `copy` is where it is kept.
 */
export function replaceResolvConf(copy: string, nameServer: string): void {
  let file: string;
  try {
    file = realpathSync(RESOLV_CONF);
  } catch {
    // Without one there is nothing to put it on: names are not resolved, as on the host.
    return;
  }
  const kept = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\s*(search|domain|options)\s/.test(line));
  writeFileSync(copy, `${[...kept, `nameserver ${nameServer}`].join('\n')}\n`);
  bindMount(copy, file);
}
