import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf, systemError } from '#lib/errors';
import { type AccountFiles, readAccountFiles } from './account-files.ts';
import { nextRange } from './remap.ts';

const run = promisify(execFile);

/** The user that `userns-remap=default` stands for: Docker's name, so that both share it. */
export const DEFAULT_OWNER = 'dockremap';

/**
 * Makes user, group and ranges of `userns-remap=default`, as far as they are missing. Returns the files as they
 * are then.
 * @throws system
 */
export async function createDefaultOwner(files: AccountFiles): Promise<AccountFiles> {
  const has = (all: readonly { readonly name: string }[]) => all.some(({ name }) => name === DEFAULT_OWNER);
  const hasRange = (all: AccountFiles['subordinateUids']) => all.some(({ owner }) => owner === DEFAULT_OWNER);
  if (!has(files.groups)) await change('groupadd', ['-r', DEFAULT_OWNER]);
  if (!has(files.accounts)) {
    const user = ['-r', '-g', DEFAULT_OWNER, '-d', '/nonexistent', '-s', '/usr/sbin/nologin', DEFAULT_OWNER];
    await change('useradd', user);
  }
  // useradd may have given it some.
  const now = readAccountFiles();
  const ranges = [
    ['-v', now.subordinateUids],
    ['-w', now.subordinateGids],
  ] as const;
  const missing = ranges.filter(([, all]) => !hasRange(all));
  if (missing.length === 0) return now;
  const flags = missing.flatMap(([flag, all]) => {
    const { first, count } = nextRange(all);
    return [flag, `${first}-${first + count - 1}`];
  });
  await change('usermod', [...flags, DEFAULT_OWNER]);
  return readAccountFiles();
}

async function change(program: string, args: readonly string[]): Promise<void> {
  try {
    await run(program, args, { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
  } catch (error) {
    throw systemError(
      `userns-remap: cannot make the user ${DEFAULT_OWNER}: ${messageOf(error).trim()}`,
      error,
    );
  }
}
