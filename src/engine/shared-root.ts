import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shareMount, unmount } from '#linux/mount';

/**
 * A root that is a shared mount: what is mounted below it shows in the mount namespaces that containers
 * are made in. A bind that this needed is noted below the exec root, which like the bind is gone after a reboot.
 */
export class SharedRoot {
  readonly #path: string;
  readonly #note: string;

  constructor(path: string, execRoot: string, name: string) {
    this.#path = path;
    this.#note = join(execRoot, `${name}.shared`);
  }

  share(): void {
    if (shareMount(this.#path)) writeFileSync(this.#note, `${this.#path}\n`);
  }

  /** Takes the bind away again, if it is ours. Only when no container runs: their mounts lie below it. */
  async unshare(): Promise<void> {
    if (!existsSync(this.#note)) return;
    rmSync(this.#note);
    await unmount(this.#path);
  }
}
