import { readFileSync } from 'node:fs';
import { invalid } from '#lib/errors';

const DEFAULT_GROUP = 'berth';

/**
 * The group that may use the unix socket. One that was named must exist (a number always does); the default
 * one is used where the administrator made it.
 * @throws invalid
 */
export function socketGroup(name: string | undefined): number | undefined {
  if (name !== undefined && /^\d+$/.test(name)) return Number(name);
  const found = lookUp(name ?? DEFAULT_GROUP);
  if (found === undefined && name)
    throw invalid(`could not change group of the socket: group ${name} not found`);
  return found;
}

function lookUp(wanted: string): number | undefined {
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [name, , id] = line.split(':');
    if (name === wanted && id) return Number(id);
  }
  return undefined;
}
