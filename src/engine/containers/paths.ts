import { join } from 'node:path';
import type { Context } from './context.ts';

/** A container's own directory below `<data-root>/containers`. */
export const containerDirectory = (context: Context, id: string): string => join(context.options.root, id);

export const logPath = (context: Context, id: string): string =>
  join(containerDirectory(context, id), 'container.log');

/** The directory that a shareable /dev/shm is mounted on. */
export const shmDirectory = (context: Context, id: string): string =>
  join(containerDirectory(context, id), 'shm');
