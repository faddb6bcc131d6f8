import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { run } from '../peer.ts';

/** The floor: bare `crun run` of a bundle with the same root file system, namespaces and no seccomp, network or conmon. */
export interface Floor extends AsyncDisposable {
  readonly version: string;
  /** One run of `true`, as a command. */
  readonly command: readonly string[];
}

export async function prepareCrun(rootfs: Buffer): Promise<Floor> {
  const root = mkdtempSync('/var/tmp/bench-crun-');
  mkdirSync(`${root}/rootfs`);
  await run(['tar', '-xf', '-', '-C', `${root}/rootfs`], rootfs);
  await run(['sh', '-c', `cd ${root} && crun spec`]);
  const patch = `s/"terminal": true/"terminal": false/; s/"sh"/"true"/`;
  await run(['sed', '-i', patch, `${root}/config.json`]);
  // crun refuses hybrid hosts while the unified hierarchy is mounted: the loop runs in a mount namespace without it.
  const script = `${root}/run.sh`;
  writeFileSync(
    script,
    `umount /sys/fs/cgroup/unified 2>/dev/null; i=0; while [ $i -lt $1 ]; do crun --root ${root}/state run -b ${root} f$$ || exit 1; i=$((i+1)); done\n`,
  );
  return {
    version: (await run(['crun', '--version'])).split('\n')[0] ?? 'crun',
    command: ['unshare', '-m', 'sh', script],
    async [Symbol.asyncDispose]() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
