// A thread that looks for packages in the file system of a finished step.
import { serveJob } from '#lib/job';
import { scanPackages } from './scan.ts';

export interface ScanInput {
  readonly root: string;
}

await serveJob(({ root }: ScanInput) => scanPackages(root));
