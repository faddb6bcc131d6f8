import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';
import { ProcessHandle, type ProcessIdentity } from '#linux/process';

export interface HolderRecord {
  readonly identity: ProcessIdentity;
  /** `user:[4026532181]` */
  readonly userNamespace: string;
}

export function isAlive({ identity }: HolderRecord): boolean {
  using handle = ProcessHandle.open(identity.pid, identity);
  return handle?.isAlive() ?? false;
}

/** Where the holder of a rootless engine keeps its things: below the engine's exec root. */
export class Place {
  readonly directory: string;

  constructor(execRoot: string) {
    this.directory = join(execRoot, 'rootless');
  }
  /** Where the engine asks for ports of the host. */
  get socket(): string {
    return join(this.directory, 'holder.sock');
  }
  /** The network namespace, in the holder's mount namespace. */
  get netns(): string {
    return join(this.directory, 'netns');
  }
  get resolvConf(): string {
    return join(this.directory, 'resolv.conf');
  }
  get log(): string {
    return join(this.directory, 'log');
  }
  get lock(): string {
    return join(this.directory, 'lock');
  }

  /** The one that was there last. */
  holder(): HolderRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.#record, 'utf8')) as HolderRecord;
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** By the holder, once all is there. */
  write(record: HolderRecord): void {
    writeFileSync(`${this.#record}.new`, JSON.stringify(record));
    renameSync(`${this.#record}.new`, this.#record);
  }

  /** What an earlier holder has left: nothing is mounted on it, wherever we are not that one. */
  clear(): void {
    for (const path of [this.#record, this.socket, this.netns, this.resolvConf])
      rmSync(path, { force: true });
  }

  get #record(): string {
    return join(this.directory, 'holder.json');
  }
}
