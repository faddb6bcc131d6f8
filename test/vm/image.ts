import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeExt4 } from './ext4.ts';
import { makeSystem, systemKey } from './system-image.ts';

const execute = promisify(execFile);
const repository = new URL('../..', import.meta.url).pathname;

/** What a machine boots from: files on the host. */
export interface Images {
  readonly kernel: string;
  readonly initrd: string;
  /** ext4: Debian with systemd. */
  readonly system: string;
  /** ext4: node_modules. */
  readonly modules: string;
}

/** Makes what is missing or out of date below `cache`, a directory. */
export async function makeImages(cache: string): Promise<Images> {
  await mkdir(cache, { recursive: true });
  const system = await once(cache, 'system', hash(await systemKey()), makeSystem);
  const modules = await once(cache, 'modules', await modulesKey(), makeModules);
  return {
    kernel: join(system, 'vmlinuz'),
    initrd: join(system, 'initrd.img'),
    system: join(system, 'root.ext4'),
    modules: join(modules, 'modules.ext4'),
  };
}

/** A directory `<kind>-<key>`, complete or not there at all; older ones of its kind go. */
async function once(
  cache: string,
  kind: string,
  key: string,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const target = join(cache, `${kind}-${key}`);
  if (existsSync(target)) return target;
  for (const name of await readdir(cache)) {
    if (name.startsWith(`${kind}-`)) await rm(join(cache, name), { recursive: true });
  }
  console.log(`==> making the ${kind} image (once)`);
  const unfinished = await mkdtemp(join(cache, `${kind}-`));
  await make(unfinished);
  await rename(unfinished, target);
  return target;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

const modulesKey = async (): Promise<string> =>
  hash(await readFile(join(repository, 'node_modules/.package-lock.json'), 'utf8'));

async function makeModules(directory: string): Promise<void> {
  await makeExt4(join(repository, 'node_modules/'), join(directory, 'modules.ext4'), '1G');
}

/** ext4: the repository as it is now, without node_modules. */
export async function makeSources(image: string): Promise<void> {
  const staging = await mkdtemp(`${image}-`);
  try {
    const copy = 'tar -C "$1" --exclude=./node_modules --exclude=./.git -c . | tar -C "$2" -x';
    await execute('sh', ['-c', copy, 'copy', repository, staging]);
    const modules = join(staging, 'node_modules');
    // Both programs as bundles, made here: the guest's processor is twenty times slower.
    await symlink(join(repository, 'node_modules'), modules);
    await execute(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'scripts/build.ts', '--daemon'],
      {
        cwd: staging,
      },
    );
    await rm(modules);
    await mkdir(modules);
    await makeExt4(staging, image, '64M');
  } finally {
    await rm(staging, { recursive: true });
  }
}
