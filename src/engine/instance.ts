import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';

const DEFAULT_DATA_ROOT = '/var/lib/berth';

/** What bridge, table and cgroup of an engine are called: engines with other roots never meet. */
export function instanceName(dataRoot: string): string {
  const root = realpathSync(dataRoot);
  if (root === DEFAULT_DATA_ROOT) return 'berth';
  return `berth-${createHash('sha256').update(root).digest('hex').slice(0, 6)}`;
}

/** The engine's id for `info`, made once per data root. */
export function engineId(dataRoot: string): string {
  const path = join(dataRoot, 'engine-id');
  try {
    const id = readFileSync(path, 'utf8').trim();
    if (id !== '') return id;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const id = randomUUID();
  writeFileSync(path, `${id}\n`, { mode: 0o600 });
  return id;
}
