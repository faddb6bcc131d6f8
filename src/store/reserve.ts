import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes: enough for the database to record hundreds of removals. */
const SIZE = 2 << 20;
/** With less than this left the reserve is given up. */
const LOW = 512 << 10;
/** With more than this it is made (again). */
const PLENTY = 4 * SIZE;

/**
 * Space that is kept for the moment when the disk is full: whatever makes room again has to be recorded, and an
 * engine that starts has to write before it can do anything.
 */
export class Reserve {
  readonly #directory: string;
  readonly #path: string;
  #held: boolean;

  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, 'reserve');
    this.#held = existsSync(this.#path);
  }

  /** To be called before every write: some microseconds. */
  check(): void {
    const { bavail, bsize } = statfsSync(this.#directory);
    const free = bavail * bsize;
    if (this.#held && free < LOW) this.#giveUp();
    else if (!this.#held && free > PLENTY) this.#take();
  }

  #take(): void {
    try {
      writeFileSync(this.#path, Buffer.alloc(SIZE), { mode: 0o600 });
      this.#held = true;
    } catch {
      // Somebody else was faster to use the space.
      this.#giveUp();
    }
  }

  #giveUp(): void {
    rmSync(this.#path, { force: true });
    this.#held = false;
  }
}
