import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeExt4 } from './ext4.ts';

const execute = promisify(execFile);
const repository = new URL('../..', import.meta.url).pathname;
const guestFiles = join(repository, 'test/vm/guest');

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

async function systemPackages(): Promise<string[]> {
  const { stdout } = await execute(join(repository, 'scripts/install.sh'), ['--test', '--list']);
  return [...new Set([...stdout.trim().split(/\s+/), ...SYSTEM_PACKAGES])].toSorted();
}

/** Stands for all that goes into it. */
export async function systemKey(): Promise<string> {
  const files = ['system-image.ts', 'guest/agent.service', 'guest/fstab'].map((name) =>
    readFile(join(repository, 'test/vm', name), 'utf8'),
  );
  return [...(await systemPackages()), ...(await Promise.all(files))].join('\n');
}

/** Debian with systemd: `root.ext4`, `vmlinuz` and `initrd.img`. */
export async function makeSystem(directory: string): Promise<void> {
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
