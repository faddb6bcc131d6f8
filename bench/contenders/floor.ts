import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { run } from '../command.ts';
import type { FloorContender } from '../contender.ts';

/**
 * crun refuses hybrid hosts while the unified hierarchy is mounted: all runs in a mount namespace without it. There crun
 * leaves plain directories behind.
 */
const script = (root: string) => `
umount /sys/fs/cgroup/unified 2>/dev/null && trap 'rm -rf /sys/fs/cgroup/unified/floor-*' EXIT
crun="crun --root ${root}/state"
runs() { i=0; while [ $i -lt $1 ]; do $crun run -b ${root}/true floor-$$-$2 || exit 1; i=$((i+1)); done; }
case $1 in
  runs) lane=0; while [ $lane -lt $3 ]; do runs $(($2/$3)) $lane & lane=$((lane+1)); done; wait ;;
  execs)
    $crun run -d -b ${root}/sleep floor-$$ </dev/null >/dev/null 2>&1 || exit 1
    i=0; while [ $i -lt $2 ]; do $crun exec floor-$$ true || exit 1; i=$((i+1)); done
    $crun delete -f floor-$$ ;;
esac
`;

/** Bare `crun run` of the same root file system: the same namespaces, but no network, no seccomp, no conmon. */
export async function prepareFloor(rootfs: Buffer): Promise<FloorContender> {
  const root = mkdtempSync('/var/tmp/bench-floor-');
  mkdirSync(`${root}/rootfs`);
  await run(['tar', '-xf', '-', '-C', `${root}/rootfs`], { input: rootfs });
  await bundle(root, 'true', '"true"');
  await bundle(root, 'sleep', '"sleep", "600"');
  writeFileSync(`${root}/floor.sh`, script(root));
  const shell = (...args: readonly string[]) => ['unshare', '-m', 'sh', `${root}/floor.sh`, ...args];
  return {
    kind: 'floor',
    name: 'floor: bare crun, tar',
    runs: (count, loops) => shell('runs', String(count), String(loops)),
    execs: (count) => shell('execs', String(count)),
    lines: (bytes) => [
      'sh',
      '-c',
      `yes ${'0123456789abcdef'.repeat(4)} | head -c ${bytes} | cat >${root}/log`,
    ],
    unpack: (tar) => ['sh', '-c', `mkdir ${root}/unpacked && tar -xf '${tar}' -C ${root}/unpacked`],
    discard: () => ['rm', '-rf', `${root}/unpacked`],
    async [Symbol.asyncDispose]() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

async function bundle(root: string, name: string, args: string): Promise<void> {
  const directory = `${root}/${name}`;
  mkdirSync(directory);
  await run(['sh', '-c', `cd ${directory} && crun spec`]);
  const changes = [
    's/"terminal": true/"terminal": false/',
    `s/"sh"/${args}/`,
    `s|"path": "rootfs"|"path": "${root}/rootfs"|`,
  ];
  await run(['sed', '-i', changes.join('; '), `${directory}/config.json`]);
}
