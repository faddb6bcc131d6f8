import { createHash } from 'node:crypto';
import { invalid } from '#lib/errors';
import type { AddressPool } from '../network.ts';
import { overlaps, parseCidr, type Subnet, sizeOf, subnetOf } from '../subnet.ts';
import type { TakenBlocks } from './taken-blocks.ts';

/**
 * Docker's default address pools: fifteen /16 of 172.17-31, then sixteen /20 of 192.168. Then what Docker leaves of
 * 172.16.0.0/12, in 1,024 blocks for up to 61 containers each.
 */
export const DEFAULT_POOLS: readonly AddressPool[] = [
  ...Array.from({ length: 15 }, (_, index) => ({ base: `172.${17 + index}.0.0/16`, size: 16 })),
  { base: '192.168.0.0/16', size: 20 },
  { base: '172.16.0.0/16', size: 26 },
];

/** @throws invalid */
export function checkPools(pools: readonly AddressPool[]): readonly AddressPool[] {
  const bases = pools.map(({ base, size }) => {
    const { subnet } = parseCidr(base);
    const bits = subnet.family === 4 ? 32 : 128;
    if (!Number.isInteger(size) || size < subnet.prefix || size > bits) {
      throw invalid(
        `invalid default address pool ${base}: its size ${size} is none between ${subnet.prefix} and ${bits}`,
      );
    }
    return subnet;
  });
  for (const [index, base] of bases.entries()) {
    const other = bases.findIndex((candidate) => overlaps(candidate, base));
    if (other < index) {
      throw invalid(`default address pools ${pools[other]?.base} and ${pools[index]?.base} overlap`);
    }
  }
  return pools;
}

/** The first free block of a family that overlaps none of `taken`. @throws invalid when there is none */
export function chooseSubnet(
  taken: readonly TakenBlocks[],
  pools: readonly AddressPool[] = DEFAULT_POOLS,
  family: 4 | 6 = 4,
): Subnet {
  for (const { base, size } of pools) {
    const { subnet } = parseCidr(base);
    if (subnet.family !== family) continue;
    const free = firstFree(subnet, size, taken);
    if (free) return free;
  }
  throw invalid(
    'all predefined address pools have been fully subnetted: give the network a subnet with --subnet, or the engine more default-address-pools',
  );
}

function firstFree(pool: Subnet, prefix: number, taken: readonly TakenBlocks[]): Subnet | undefined {
  const step = sizeOf({ ...pool, prefix });
  const poolEnd = pool.base + sizeOf(pool);
  for (let base = pool.base; base + step <= poolEnd; ) {
    const block = { family: pool.family, base, prefix };
    const overlap = taken.map((blocks) => blocks.overlap(block)).find((range) => range !== undefined);
    if (!overlap) return block;
    // Blocks begin at multiples of their size.
    base = ((overlap.end + step - 1n) / step) * step;
  }
  return undefined;
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
