import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where root's programs are, whatever $PATH the engine was started with. */
const ALWAYS = ['/usr/local/sbin', '/usr/sbin', '/usr/bin'];

/** The absolute path of a program in $PATH; a name with a slash is a path already. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return name;
  return [...(process.env.PATH ?? '').split(delimiter), ...ALWAYS]
    .filter((place) => place.startsWith('/'))
    .map((place) => join(place, name))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
