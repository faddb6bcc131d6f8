// A thread that walks trees, one job after the other.
import { rmSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { packError } from '#lib/job';
import { changesOf } from './changes.ts';
import { withoutMountPoints } from './mount-points.ts';
import type { TreeJobs } from './tree-jobs.ts';
import { usageOf } from './usage.ts';

const jobs: TreeJobs = {
  usage: usageOf,
  changes: (upper, lowers, mountPoints) =>
    withoutMountPoints([...changesOf(upper, lowers)], upper, mountPoints)
      .map(({ path, kind }) => ({ path: `/${path}`, kind }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};

export interface TreeRequest {
  readonly id: number;
  readonly job: keyof TreeJobs;
  readonly input: readonly unknown[];
}
export type TreeReply = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly failure: ReturnType<typeof packError> }
);

parentPort?.on('message', ({ id, job, input }: TreeRequest) => {
  let reply: TreeReply;
  try {
    const work = jobs[job] as (...input: readonly unknown[]) => unknown;
    reply = { id, result: work(...input) };
  } catch (error) {
    reply = { id, failure: packError(error) };
  }
  parentPort?.postMessage(reply);
});
