import { readdirSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import { Paths } from './paths.ts';

/** Whether an engine has left containers that run, or something of one: also when that engine is gone. */
export function hasContainers(execRoot: string): boolean {
  try {
    return readdirSync(new Paths(execRoot).bundles).length > 0;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
