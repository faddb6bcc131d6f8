import { readFileSync } from 'node:fs';
import { MADV_DONTNEED, madvise, mallocTrim } from '../ffi/memory.ts';

/** A mapping of smaps(5): `00400000-0082e000 r-xp 00000000 fe:00 5424492   /usr/bin/node`. */
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) r.{2}p \S+ \S+ \S+ +(.*)$/m;

/** Gives the kernel what this process holds and does not need: some milliseconds, for a moment when nobody waits. */
export function releaseMemory(): void {
  mallocTrim(0);
  releaseProgramPages();
}

/**
 * Takes the pages of our own program out of our memory, from where the next access brings back the few that are
 * still needed: a start uses half of Node's 100 MB, that of a thread a third, and most of that never again. They stay
 * in the page cache.
 */
function releaseProgramPages(): void {
  for (const mapping of readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, begin = '', end = '', path] = MAPPING.exec(mapping) ?? [];
    // What was written to (relocations, variables) is nowhere else.
    if (path !== process.execPath || !/^Anonymous: +0 kB$/m.test(mapping)) continue;
    const address = Number.parseInt(begin, 16);
    madvise.attempt(address, Number.parseInt(end, 16) - address, MADV_DONTNEED);
  }
}
