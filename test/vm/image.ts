import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const repository = new URL('../..', import.meta.url).pathname;
const guestFiles = join(repository, 'test/vm/guest');

/** What a machine boots from: files on the host. */
export interface Images {
  readonly kernel: string;
  readonly initrd: string;
  /** ext4: Debian with systemd. */
  readonly system: string;
  /** ext4: node_modules. */
  readonly modules: string;
}

/** Beside what Berth needs and tests with: a bootable Debian, and what containers may use on one. */
const SYSTEM_PACKAGES =
  'linux-image-cloud-amd64 initramfs-tools systemd-sysv udev dbus kmod e2fsprogs apparmor runc criu strace'.split(
    ' ',
  );

/** Debian packages that would start a daemon of their own at boot. */
const UNWANTED_SERVICES = [
  'docker.service',
  'docker.socket',
  'containerd.service',
  'docker-registry.service',
];

/** Makes what is missing or out of date below `cache`, a directory. */
export async function makeImages(cache: string): Promise<Images> {
  await mkdir(cache, { recursive: true });
  const system = await once(cache, 'system', await systemKey(), makeSystem);
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

async function systemPackages(): Promise<string[]> {
  const { stdout } = await execute(join(repository, 'scripts/install.sh'), ['--test', '--list']);
  return [...new Set([...stdout.trim().split(/\s+/), ...SYSTEM_PACKAGES])].toSorted();
}

async function systemKey(): Promise<string> {
  const files = ['image.ts', 'guest/agent.service', 'guest/fstab'].map((name) =>
    readFile(join(repository, 'test/vm', name), 'utf8'),
  );
  return hash([...(await systemPackages()), ...(await Promise.all(files))].join('\n'));
}

const modulesKey = async (): Promise<string> =>
  hash(await readFile(join(repository, 'node_modules/.package-lock.json'), 'utf8'));

async function makeSystem(directory: string): Promise<void> {
  const root = join(directory, 'root');
  const hooks = [
    // Only what the root file system needs to be found: less to unpack at each boot.
    `printf 'MODULES=list\nCOMPRESS=gzip\n' >"$1/etc/initramfs-tools/conf.d/vm"`,
    `printf 'virtio_pci\nvirtio_blk\next4\n' >>"$1/etc/initramfs-tools/modules"`,
    'chroot "$1" update-initramfs -u',
    'mkdir "$1/berth"; echo berth >"$1/etc/hostname"',
    'chroot "$1" passwd -d root',
    `copy-in ${guestFiles}/fstab /etc`,
    `copy-in ${guestFiles}/agent.service /etc/systemd/system`,
    'chroot "$1" systemctl enable agent.service',
    `chroot "$1" systemctl mask ${UNWANTED_SERVICES.join(' ')}`,
    ...(await dockerCli()),
  ].map((hook) => `--customize-hook=${hook}`);
  const include = `--include=${(await systemPackages()).join(',')}`;
  await execute('mmdebstrap', ['--mode=root', '--variant=minbase', include, ...hooks, 'bookworm', root], {
    maxBuffer: 64 * 2 ** 20,
  });
  for (const file of ['vmlinuz', 'initrd.img']) {
    await execute('cp', ['--dereference', join(root, file), join(directory, file)]);
  }
  await makeExt4(root, join(directory, 'root.ext4'), '6G');
  await rm(root, { recursive: true });
}

/** The host's, so that the tests meet the same client there; else Debian's, which is among the packages. */
async function dockerCli(): Promise<string[]> {
  const { stdout } = await execute('sh', ['-c', 'readlink -f "$(command -v docker)"']);
  const docker = stdout.trim();
  if (docker.startsWith('/usr/bin/')) return [];
  return [`upload ${docker} /usr/local/bin/docker`, 'chmod +x "$1/usr/local/bin/docker"'];
}

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

/** `size` is the most that it can hold; the file is sparse. */
async function makeExt4(directory: string, image: string, size: string): Promise<void> {
  await rm(image, { force: true });
  await execute('mke2fs', ['-q', '-t', 'ext4', '-m', '0', '-d', directory, image, size]);
}
