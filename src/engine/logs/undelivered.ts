import { stat } from 'node:fs/promises';
import type { Resume } from './forward/messages.ts';
import { inodeOf, type SegmentName } from './segments.ts';

/** How far a log has been delivered; `resume` undefined: nobody knows of anything that was. */
export interface Delivery {
  readonly resume: Resume | undefined;
}

/** The files of which something is still to be delivered: the one where delivery stands, and all that are younger. */
export async function undeliveredFiles(
  files: readonly SegmentName[],
  { resume }: Delivery,
): Promise<SegmentName[]> {
  if (!resume) return [...files];
  const inodes = await Promise.all(files.map(({ path }) => inodeOf(path)));
  const ages = files.flatMap(({ age }, i) =>
    inodes[i] === resume.stdout.inode || inodes[i] === resume.stderr.inode ? [age] : [],
  );
  const oldest = ages.length > 0 ? Math.max(...ages) : Number.POSITIVE_INFINITY;
  return files.filter(({ age }) => age <= oldest);
}

/** The youngest of the files that together have at most so many bytes. */
export async function withinBudget(files: readonly SegmentName[], budget: number): Promise<SegmentName[]> {
  const kept: SegmentName[] = [];
  let total = 0;
  for (const file of [...files].sort((a, b) => a.age - b.age)) {
    total += await stat(file.path).then(
      ({ size }) => size,
      () => 0,
    );
    if (total > budget) break;
    kept.push(file);
  }
  return kept;
}
