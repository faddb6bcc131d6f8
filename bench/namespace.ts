import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { run } from './command.ts';
import { stopDaemon } from './contenders/daemon.ts';

/** A network namespace that a process holds which does nothing: with it goes all that is in it. */
export class NetworkNamespace implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async open(): Promise<NetworkNamespace> {
    const holder = spawn('unshare', ['-n', 'sh', '-c', 'echo up; exec sleep infinity'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await once(holder.stdout, 'data');
    const namespace = new NetworkNamespace(holder);
    await namespace.run('ip', 'link', 'set', 'lo', 'up');
    return namespace;
  }

  get path(): string {
    return `/proc/${this.#holder.pid}/ns/net`;
  }

  run(...command: readonly string[]): Promise<string> {
    return runIn(this.path, ...command);
  }

  /** A program that runs until it is disposed of. */
  start(...command: readonly string[]): AsyncDisposable {
    const child = spawn('nsenter', [`--net=${this.path}`, ...command], { stdio: 'ignore', detached: true });
    return { [Symbol.asyncDispose]: () => stopDaemon(child, 'SIGKILL') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopDaemon(this.#holder, 'SIGKILL');
  }
}

export const runIn = (namespace: string, ...command: readonly string[]): Promise<string> =>
  run(['nsenter', `--net=${namespace}`, ...command]);

/** An end of a veth pair: where it is, and its address with the prefix length, or the bridge that it is a port of. */
export interface End {
  readonly namespace: string;
  readonly name: string;
  readonly address?: string;
  readonly bridge?: string;
}

export async function joinByVeth(one: End, other: End): Promise<void> {
  // Named here for the other namespace: /proc/PID/ns/net has the PID in it, which is what ip takes.
  const pid = /^\/proc\/(\d+)\//.exec(other.namespace)?.[1] ?? '';
  const pair = [one.name, 'type', 'veth', 'peer', 'name', other.name, 'netns', pid];
  await runIn(one.namespace, 'ip', 'link', 'add', ...pair);
  for (const { namespace, name, address, bridge } of [one, other]) {
    if (address !== undefined) await runIn(namespace, 'ip', 'addr', 'add', address, 'dev', name);
    if (bridge !== undefined) await runIn(namespace, 'ip', 'link', 'set', name, 'master', bridge);
    await runIn(namespace, 'ip', 'link', 'set', name, 'up');
  }
}
