import { RecordReader } from './record.ts';
import type { Segment } from './segments.ts';
import type { StartPoint } from './tail.ts';

const PROBE = 32 * 1024;
const NEWLINE = 0x0a;

/**
 * A point before which every entry is older than `since`: whole rotated files are passed over by
 * their date, in the first that is left it is found by bisection. Some older entries may follow it.
 */
export async function findSince(segments: readonly Segment[], since: bigint): Promise<StartPoint> {
  const index = segments.findIndex((segment) => segment.modified >= since);
  const segment = segments[index];
  if (!segment) return { segment: Math.max(0, segments.length - 1), offset: 0, skip: 0 };
  const offset = segment.compressed ? 0 : await bisect(segment, since);
  return { segment: index, offset, skip: 0 };
}

async function bisect(segment: Segment, since: bigint): Promise<number> {
  let [low, high] = [0, await segment.size()];
  while (high - low > PROBE) {
    const middle = low + Math.floor((high - low) / 2);
    const found = await firstRecord(segment, middle);
    if (found && found.time < since) low = found.offset;
    else high = middle;
  }
  return low;
}

/** The first whole record at or behind `position`; undefined when there is none near. */
async function firstRecord(
  segment: Segment,
  position: number,
): Promise<{ offset: number; time: bigint } | undefined> {
  const bytes = await segment.read(position, PROBE);
  const records = new RecordReader();
  let start = bytes.indexOf(NEWLINE) + 1;
  for (let end = bytes.indexOf(NEWLINE, start); start > 0 && end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    const record = records.read(bytes, start, end);
    if (record) return { offset: position + start, time: record.time };
    start = end + 1;
  }
  return undefined;
}
