import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Scope } from '#lib/scope';
import { type Images, makeSources } from './image.ts';

/** How the guest's cgroups are mounted: systemd decides by its command line. */
export const MODES = ['v2', 'v1', 'hybrid'] as const;
export type Mode = (typeof MODES)[number];

const LEGACY = 'systemd.unified_cgroup_hierarchy=0';
const MODE_ARGUMENTS: Readonly<Record<Mode, string>> = {
  v2: '',
  v1: `${LEGACY} systemd.legacy_systemd_cgroup_controller=1`,
  hybrid: LEGACY,
};

/**
 * No KVM: where the tests run it is often nested, and Debian's kernel hangs in some of those. Two processors, so
 * that there is something to choose from, in one thread of the host.
 */
const HARDWARE =
  '-M q35 -accel tcg,thread=single -cpu max -smp 2 -m 2048 -display none -no-reboot -nodefaults -no-user-config';
const BOOT_ARGUMENTS =
  'root=/dev/vda rw console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check mitigations=off systemd.show_status=no';

const BOOT_PATIENCE_MS = 10 * 60_000;

/** Debian in a virtual machine; gone without a trace when disposed. */
export class Machine implements AsyncDisposable {
  readonly #directory: string;
  readonly #qemu: ChildProcess;
  #agent: Socket | undefined;
  #output: AsyncIterator<Buffer> | undefined;

  private constructor(directory: string, qemu: ChildProcess) {
    this.#directory = directory;
    this.#qemu = qemu;
  }

  static async boot(images: Images, mode: Mode): Promise<Machine> {
    const directory = await makeDirectory();
    await using scope = new Scope();
    scope.defer(() => rm(directory, { recursive: true }));
    const sources = join(directory, 'sources.ext4');
    await makeSources(sources);
    const errors = openSync(join(directory, 'qemu.log'), 'w');
    const qemu = spawn('qemu-system-x86_64', qemuArguments({ images, sources, mode }, directory), {
      stdio: ['ignore', errors, errors],
    });
    closeSync(errors);
    const machine = new Machine(directory, qemu);
    scope.defer(() => machine.#switchOff());
    try {
      await machine.#connect();
    } catch (error) {
      const log = `${machine.#read('qemu.log')}\n${machine.#read('console.log')}`;
      throw new Error(`the machine did not start:\n${log}`, { cause: error });
    }
    scope.keep();
    return machine;
  }

  /** What the kernel and systemd wrote to the console. */
  get console(): string {
    return this.#read('console.log');
  }

  /** Runs a shell command in the guest, one at a time. Its output, both streams in one, is handed over as it comes. */
  async run(command: string, onOutput: (chunk: Buffer) => void): Promise<number> {
    const agent = this.#agent;
    if (!agent) throw new Error('the machine is off');
    const token = randomBytes(12).toString('hex');
    const end = new RegExp(`\n${token} (\\d+)\n$`);
    agent.write(`${token} ${Buffer.from(command).toString('base64')}\n`);
    // What may be the beginning of the last line is held back.
    let held = '';
    const length = token.length + 8;
    for (;;) {
      const chunk = await this.#next();
      held += chunk.toString('latin1');
      const code = end.exec(held);
      const ready = code ? code.index : Math.max(0, held.length - length);
      onOutput(Buffer.from(held.slice(0, ready), 'latin1'));
      held = held.slice(ready);
      if (code) return Number(code[1]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#switchOff();
    await rm(this.#directory, { recursive: true });
  }

  async #switchOff(): Promise<void> {
    this.#agent?.destroy();
    if (this.#hasEnded) return;
    const ended = once(this.#qemu, 'exit');
    this.#qemu.kill('SIGKILL');
    await ended;
  }

  async #connect(): Promise<void> {
    const tooLate = setTimeout(() => this.#qemu.kill('SIGKILL'), BOOT_PATIENCE_MS);
    try {
      this.#agent = await this.#openAgent();
      this.#output = this.#agent[Symbol.asyncIterator]();
      // `ready`, once the guest has come so far.
      await this.#next();
    } finally {
      clearTimeout(tooLate);
    }
  }

  /** qemu makes the socket a moment after its start. */
  async #openAgent(): Promise<Socket> {
    for (;;) {
      if (this.#hasEnded) throw new Error('qemu has ended');
      const agent = connect(join(this.#directory, 'agent'));
      try {
        await once(agent, 'connect');
        return agent;
      } catch {
        await sleep(100);
      }
    }
  }

  get #hasEnded(): boolean {
    return this.#qemu.exitCode !== null || this.#qemu.signalCode !== null;
  }

  async #next(): Promise<Buffer> {
    const next = await this.#output?.next();
    if (!next || next.done) throw new Error(`the machine went off:\n${this.console}`);
    return next.value;
  }

  #read(name: string): string {
    return readFileSync(join(this.#directory, name), 'utf8');
  }
}

/** The guest's serial console on ours, until it is switched off. */
export async function openConsole(images: Images, mode: Mode): Promise<void> {
  const directory = await makeDirectory();
  try {
    const sources = join(directory, 'sources.ext4');
    await makeSources(sources);
    const flags = [...commonArguments({ images, sources, mode }), '-serial', 'mon:stdio'];
    await once(spawn('qemu-system-x86_64', flags, { stdio: 'inherit' }), 'exit');
  } finally {
    await rm(directory, { recursive: true });
  }
}

const makeDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'berth-vm-'));

function qemuArguments(parts: Parts, directory: string): string[] {
  return [
    ...commonArguments(parts),
    option('-serial', `file:${join(directory, 'console.log')}`),
    option('-device', 'virtio-serial-pci'),
    option('-chardev', `socket,id=agent,server=on,wait=off,path=${join(directory, 'agent')}`),
    option('-device', 'virtserialport,chardev=agent,name=agent'),
  ].flat();
}

interface Parts {
  readonly images: Images;
  readonly sources: string;
  readonly mode: Mode;
}

function commonArguments({ images, sources, mode }: Parts): string[] {
  return [
    HARDWARE.split(' '),
    option('-kernel', images.kernel),
    option('-initrd', images.initrd),
    option('-append', `${BOOT_ARGUMENTS} ${MODE_ARGUMENTS[mode]}`),
    // Written to a temporary file: the image stays as it is.
    disk(images.system, 'snapshot=on'),
    disk(sources, 'readonly=on'),
    disk(images.modules, 'readonly=on'),
    option('-device', 'virtio-rng-pci'),
  ].flat();
}

const option = (name: string, value: string): string[] => [name, value];

const disk = (file: string, options: string): string[] =>
  option('-drive', `file=${file},format=raw,if=virtio,cache=unsafe,${options}`);
