import { readFileSync, statSync } from 'node:fs';
import { fallbackServers, parseResolvConf } from './resolv-conf.ts';

/** Milliseconds for which the file is taken to be unchanged. */
const TRUST_MS = 1_000;

/** The name servers of the host as its resolv.conf has them at the time: laptops and VPNs change it while containers run. */
export class HostServers {
  readonly #path: string;
  #checked = Number.NEGATIVE_INFINITY;
  #version = '';
  #nameservers: readonly string[] = [];

  constructor(path = '/etc/resolv.conf') {
    this.#path = path;
  }

  /** The same array as long as they are the same. Google's when there is none, as Docker has it. */
  current(now = performance.now()): readonly string[] {
    if (now - this.#checked < TRUST_MS) return this.#nameservers;
    this.#checked = now;
    const version = this.#readVersion();
    if (version !== this.#version) {
      this.#version = version;
      this.#nameservers = this.#read();
    }
    return this.#nameservers;
  }

  #readVersion(): string {
    // A file that is missing, for now: somebody may be putting another in its place.
    const stat = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return stat ? `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs}` : 'missing';
  }

  #read(): readonly string[] {
    try {
      const { nameservers } = parseResolvConf(readFileSync(this.#path, 'utf8'));
      return nameservers.length > 0 ? nameservers : fallbackServers({ ipv6: true });
    } catch {
      return this.#nameservers.length > 0 ? this.#nameservers : fallbackServers({ ipv6: true });
    }
  }
}
