import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');

/** What users start. */
export const BERTH = join(repository, 'bin/berth');

/** Makes bin/berth run the sources as they are now; changes nothing when it does already. */
export function buildBundle(): void {
  const args = ['--disable-warning=ExperimentalWarning', 'scripts/build-cli.ts'];
  execFileSync(process.execPath, args, { cwd: repository, stdio: 'pipe' });
}
