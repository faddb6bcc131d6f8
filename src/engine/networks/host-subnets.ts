import type { RouteSocket } from '#linux/netlink';
import { subnetsInUse } from './drivers/index.ts';
import { TakenBlocks } from './ipam/index.ts';
import { addressAt, parseCidr } from './subnet.ts';

/** Reading them takes the longer the more there are: a burst of new networks does so once. Milliseconds. */
const FRESH_MS = 500;

/** The blocks that the host itself uses, for those who choose one that is free. */
export class HostSubnets {
  readonly #route: RouteSocket;
  #read = new TakenBlocks();
  #at = Number.NEGATIVE_INFINITY;

  constructor(route: RouteSocket) {
    this.#route = route;
  }

  /** `except`: interfaces of our own networks, by index. */
  inUse(except: () => ReadonlySet<number>): TakenBlocks {
    const now = performance.now();
    if (now - this.#at > FRESH_MS) {
      this.#read = new TakenBlocks(subnetsInUse(this.#route, except()));
      this.#at = now;
    }
    return this.#read;
  }

  /** Whether somebody has taken the block since: then all are read again the next time. */
  hasLost(block: string): boolean {
    const { subnet } = parseCidr(block);
    const lost = (this.#route.lookUp(addressAt(subnet, 0n))?.prefix ?? 0) > 0;
    if (lost) this.#at = Number.NEGATIVE_INFINITY;
    return lost;
  }
}
