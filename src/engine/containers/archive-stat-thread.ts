// A thread that tells what a path of a container is.
import { readlinkSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { serveJob } from '#lib/job';
import type { PathStat } from './archive.ts';
import { enterView, lookUp, type PathInput } from './archive-view.ts';
import { goFileMode } from './file-mode.ts';

function statPath({ view, path }: PathInput): PathStat {
  enterView(view);
  const { real, name, stats } = lookUp(path);
  return {
    name,
    size: stats.size,
    mode: goFileMode(stats),
    mtime: stats.mtime.toISOString(),
    linkTarget: stats.isSymbolicLink() ? targetOf(real) : '',
  };
}

/** Where a link leads in the end; for a broken one, where its text says. */
function targetOf(link: string): string {
  try {
    return realpathSync(link);
  } catch {
    return posix.resolve(posix.dirname(link), readlinkSync(link));
  }
}

await serveJob(statPath);
