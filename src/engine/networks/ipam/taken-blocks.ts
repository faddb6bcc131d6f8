import { type Subnet, sizeOf } from '../subnet.ts';

/** Addresses as numbers. */
export interface Range {
  readonly first: bigint;
  /** The first address behind it. */
  readonly end: bigint;
}

const rangeOf = (subnet: Subnet): Range => ({ first: subnet.base, end: subnet.base + sizeOf(subnet) });

/**
 * The blocks of addresses that somebody has. For each family it keeps what they cover, in order and without gaps that
 * are none: whether a block is free is known after a few comparisons, however many there are.
 */
export class TakenBlocks {
  readonly #blocks = new Set<Subnet>();
  /** Absent after a block has gone: then they are put together anew. */
  readonly #ranges = new Map<4 | 6, Range[]>();

  constructor(blocks: Iterable<Subnet> = []) {
    for (const block of blocks) this.#blocks.add(block);
  }

  /** By identity: two may be the same. */
  add(block: Subnet): void {
    this.#blocks.add(block);
    const ranges = this.#ranges.get(block.family);
    if (ranges) insert(ranges, rangeOf(block));
  }

  delete(block: Subnet): void {
    if (this.#blocks.delete(block)) this.#ranges.delete(block.family);
  }

  /** What of it a block of that family overlaps first. */
  overlap(block: Subnet): Range | undefined {
    const ranges = this.#of(block.family);
    const { first, end } = rangeOf(block);
    const found = ranges[indexBehind(ranges, first)];
    return found && found.first < end ? found : undefined;
  }

  #of(family: 4 | 6): Range[] {
    const known = this.#ranges.get(family);
    if (known) return known;
    const ranges: Range[] = [];
    const own = [...this.#blocks].filter((block) => block.family === family).map(rangeOf);
    own.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
    for (const range of own) insert(ranges, range);
    this.#ranges.set(family, ranges);
    return ranges;
  }
}

/** Index of the first one that ends behind an address. */
function indexBehind(ranges: readonly Range[], address: bigint): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.end ?? 0n) > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** One with all that it overlaps or touches becomes a single one. */
function insert(ranges: Range[], { first, end }: Range): void {
  const from = indexBehind(ranges, first - 1n);
  let until = from;
  while ((ranges[until]?.first ?? end + 1n) <= end) until++;
  const [lowest, highest] = [ranges[from], ranges[until - 1]];
  const joined = until > from && lowest && highest;
  ranges.splice(from, until - from, {
    first: joined && lowest.first < first ? lowest.first : first,
    end: joined && highest.end > end ? highest.end : end,
  });
}
