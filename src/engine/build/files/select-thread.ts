// A thread that looks through the file systems of finished steps: what is copied out of them, and its digest.
import { serve } from '#lib/thread';
import { DiskTree } from './disk-tree.ts';
import { type Selection, type SelectRequest, selectFiles } from './select.ts';

const handlers = {
  select: (root: string, request: SelectRequest): Selection => selectFiles(new DiskTree(root), request),
};

export type SelectJobs = typeof handlers;

serve(handlers);
