import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '#lib/ids';
import type { LogFields, Logger } from '#lib/log';
import { Cgroup } from '#linux/cgroups';
import { listMounts, unmount } from '#linux/mount';
import type { Process, Spec } from '#oci/runtime-spec';
import type { CreateOptions, ExecOptions, RuntimeBinary } from './index.ts';
import { Runtimes } from './runtimes.ts';

const APPLETS =
  'sh echo cat sleep true false ls stty head wc dd kill ps seq tr tty id env touch sha256sum unshare grep mount yes';

/** A root file system of busybox and a few files that cannot be executed. */
export function makeRootFs(path: string): void {
  for (const directory of ['bin', 'proc', 'sys', 'dev', 'tmp', 'etc', 'mnt'])
    mkdirSync(join(path, directory), { recursive: true });
  copyFileSync('/bin/busybox', join(path, 'bin/busybox'));
  for (const applet of APPLETS.split(' ')) symlinkSync('busybox', join(path, 'bin', applet));
  writeFileSync(join(path, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n', { mode: 0o644 });
  writeFileSync(join(path, 'etc/garbage'), 'garbage', { mode: 0o755 });
}

export const MOUNTS: NonNullable<Spec['mounts']> = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
  { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
  { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
];

/** Create options, and what differs in the spec. */
export interface TestOptions extends Partial<Omit<CreateOptions, 'spec'>> {
  readonly process?: Partial<Process>;
  readonly sections?: Partial<Spec>;
}

const CAPABILITIES = ['CAP_KILL', 'CAP_CHOWN'];

/** An engine's exec root in /tmp, with its own cgroup parent, and what containers need. */
export class Bench {
  readonly top: string;
  readonly root: string;
  readonly rootFs: string;
  readonly cgroupParent: string;
  readonly warnings: string[] = [];
  readonly log: Logger;
  #runtimes: Runtimes | undefined;

  constructor(options: { top?: string; below?: string } = {}) {
    this.top = options.top ?? mkdtempSync('/tmp/berth-runtime-');
    this.root = join(this.top, options.below ?? 'exec');
    this.rootFs = join(this.top, 'rootfs');
    this.cgroupParent = `/${this.top.split('/').at(-1) ?? ''}`;
    if (!existsSync(this.rootFs)) makeRootFs(this.rootFs);
    mkdirSync(this.root, { recursive: true });
    const warn = (message: string, fields?: LogFields) =>
      void this.warnings.push(`${message} ${JSON.stringify(fields ?? {})}`);
    this.log = { debug: () => {}, info: () => {}, warn, error: warn };
  }

  async open(more: readonly RuntimeBinary[] = []): Promise<Runtimes> {
    this.#runtimes = await Runtimes.open({
      root: this.root,
      runtimes: [{ name: 'crun', path: 'crun', args: [] }, ...more],
      defaultRuntime: 'crun',
      systemdCgroup: false,
      log: this.log,
    });
    return this.#runtimes;
  }
  get runtimes(): Runtimes {
    if (!this.#runtimes) throw new Error('not open');
    return this.#runtimes;
  }

  process(args: readonly string[], more: Partial<Process> = {}): Process {
    return {
      args,
      cwd: '/',
      env: ['PATH=/bin', 'TERM=xterm'],
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      ...more,
    };
  }

  /** A whole spec; `more` replaces its sections. */
  spec(id: string, args: readonly string[], more: Partial<Spec> = {}): Spec {
    return {
      ociVersion: '1.0.0',
      process: this.process(args),
      root: { path: this.rootFs, readonly: true },
      hostname: 'test',
      mounts: MOUNTS,
      ...more,
      linux: {
        cgroupsPath: `${this.cgroupParent}/${id}`,
        namespaces: (['pid', 'network', 'ipc', 'uts', 'mount'] as const).map((type) => ({ type })),
        ...more.linux,
      },
    };
  }

  options(id: string, args: readonly string[], more: TestOptions = {}): CreateOptions {
    const { process, sections, ...options } = more;
    return {
      id,
      name: `test-${id.slice(0, 8)}`,
      terminal: false,
      openStdin: false,
      stdinOnce: false,
      logArguments: ['-l', `k8s-file:${this.logPath(id)}`],
      ...options,
      spec: this.spec(id, args, {
        ...sections,
        process: this.process(args, { terminal: more.terminal ?? false, ...process }),
      }),
    };
  }

  async create(args: readonly string[], more?: TestOptions): Promise<string> {
    const id = newId();
    await this.runtimes.create(this.options(id, args, more));
    return id;
  }

  async run(args: readonly string[], more?: TestOptions): Promise<string> {
    const id = await this.create(args, more);
    await this.runtimes.start(id);
    return id;
  }

  exec(containerId: string, args: readonly string[], more: Partial<ExecOptions> = {}) {
    return this.runtimes.exec({
      containerId,
      execId: newId(),
      process: this.process(args),
      terminal: false,
      stdin: false,
      detached: false,
      ...more,
    });
  }

  logPath(id: string): string {
    return join(this.top, `${id}.log`);
  }
  /** The text of a container's log. */
  logged(id: string): string {
    return readFileSync(this.logPath(id), 'utf8')
      .split('\n')
      .map((line) => line.split(' ').slice(3).join(' '))
      .join('\n');
  }

  /** Everything of ours that the kernel or /run still has. */
  leftovers(): string[] {
    const cgroups = readdirSync('/sys/fs/cgroup')
      .map((hierarchy) => `/sys/fs/cgroup/${hierarchy}${this.cgroupParent}`)
      .filter((path) => existsSync(path));
    const mounts = listMounts()
      .map((mount) => mount.mountPoint)
      .filter((point) => point.startsWith(`${this.root}/`));
    const processes = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => commandLine(pid).some((argument) => argument.startsWith(this.root)));
    const files = ['bundles', 'exits', 'runtime', 'stage', 'tty'].flatMap((directory) =>
      existsSync(join(this.root, directory)) ? readdirSync(join(this.root, directory)) : [],
    );
    return [...cgroups, ...mounts, ...processes, ...files];
  }

  /** Deletes all containers, closes, and says what is left. */
  async close(): Promise<string[]> {
    for (const id of this.runtimes.bundles()) await this.runtimes.delete(id);
    await this.runtimes.close();
    // A conmon that was killed is seen until PID 1 has reaped it, its command line is empty by then.
    for (let i = 0; i < 100 && this.leftovers().length > 0; i++) await sleep(20);
    const left = this.leftovers();
    await this.abandon();
    return left;
  }

  async abandon(): Promise<void> {
    await new Cgroup(this.cgroupParent).remove({ kill: true }).catch(() => {});
    await unmount(this.root);
    // Busy for as long as a container that another test runs has the host's root bound: it has our mounts as well.
    await rm(this.top, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

export async function textOf(stream: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Waits for what has no event, e.g. another process's doing. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`still not so after 10 s: ${what}`);
    await sleep(10);
  }
}

/** Children of this process that have ended and that nobody has waited for. */
export function zombies(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const [, state, parent] = /^\d+ \(.*\) (\S) (\d+)/s.exec(statOf(pid)) ?? [];
      return state === 'Z' && parent === String(process.pid);
    });
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return '';
  }
}
