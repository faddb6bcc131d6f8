import { createHash } from 'node:crypto';
import { unavailable } from '#lib/errors';
import { overlaps, type Subnet, subnetOf } from './subnet.ts';

/** Docker's default address pools: fifteen /16 of 172.17-31, then sixteen /20 of 192.168. */
function* defaultPools(): Generator<Subnet> {
  for (let second = 17; second <= 31; second++) yield subnetOf(`172.${second}.0.0`, 16);
  for (let third = 0; third < 256; third += 16) yield subnetOf(`192.168.${third}.0`, 20);
}

/** The first pool that overlaps none of `taken`: the host's routes and addresses, our other networks. @throws unavailable */
export function chooseSubnet(taken: readonly Subnet[]): Subnet {
  for (const pool of defaultPools()) {
    if (!taken.some((other) => overlaps(pool, other))) return pool;
  }
  throw unavailable(
    'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network: ' +
      'every pool is routed by the host already; give one with --subnet or --bip',
  );
}

/**
 * A unique local /64 (RFC 4193) that stays the same for the same owner: fd + 40 bits
 * of global id + 16 bits of subnet id, taken from a hash of the owner's name.
 */
export function uniqueLocalSubnet(owner: string): Subnet {
  const hash = createHash('sha256').update(owner).digest('hex');
  return subnetOf(
    `fd${hash.slice(0, 2)}:${hash.slice(2, 6)}:${hash.slice(6, 10)}:${hash.slice(10, 14)}::`,
    64,
  );
}
