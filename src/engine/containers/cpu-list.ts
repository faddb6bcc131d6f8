import { invalid } from '#lib/errors';

/** More processors than any kernel is built for: a hostile range must not fill the memory. */
const LARGEST = 8191;

/**
 * The numbers of a kernel list such as `0-3,7` (cpuset(7), List format).
 * @throws invalid
 */
export function parseCpuList(list: string): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const part of list.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first || last > LARGEST) throw invalid(`invalid list: '${list}'`);
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return numbers;
}

export const isSubset = (part: ReadonlySet<number>, whole: ReadonlySet<number>): boolean =>
  part.isSubsetOf(whole);
