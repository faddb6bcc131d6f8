import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { SealedProgram } from '#linux/process';
import { isCrun, type RuntimeBinary } from './binary.ts';

interface Copy {
  /** Tells one installed version from the next; undefined when there is none. */
  readonly version: string | undefined;
  /** Undefined where there can be none. */
  readonly program: SealedProgram | undefined;
}

/**
 * What the runtimes are executed from. crun makes a sealed copy of itself whenever it starts, by two mounts and
 * a second exec; one copy made here serves all of them: 3 ms less for each container and each exec.
 */
export class SealedRuntimes implements Disposable {
  readonly #root: string;
  readonly #log: Logger;
  readonly #copies = new Map<string, Copy>();
  /** Of versions that were replaced: somebody may be about to execute them. */
  readonly #former: SealedProgram[] = [];

  /** `root`: a directory of its own. */
  constructor(root: string, log: Logger) {
    this.#root = root;
    this.#log = log;
  }

  /** What to execute. */
  path(binary: RuntimeBinary): string {
    if (!isCrun(binary)) return binary.path;
    const version = versionOf(binary.path);
    const known = this.#copies.get(binary.path);
    if (known && known.version === version) return known.program?.path ?? binary.path;
    if (known?.program) this.#former.push(known.program);
    const program = version === undefined ? undefined : this.#copy(binary.path);
    this.#copies.set(binary.path, { version, program });
    return program?.path ?? binary.path;
  }

  #copy(path: string): SealedProgram | undefined {
    // It keeps its name, in ps too.
    const place = join(this.#root, createHash('sha256').update(path).digest('hex').slice(0, 12));
    try {
      mkdirSync(place, { recursive: true, mode: 0o700 });
      return SealedProgram.copy(path, join(place, basename(path)));
    } catch (error) {
      this.#log.debug(`${path} is executed as it is: ${messageOf(error)}`);
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    for (const program of this.#former) program[Symbol.dispose]();
    for (const { program } of this.#copies.values()) program?.[Symbol.dispose]();
    this.#copies.clear();
  }
}

/** Undefined when it is not there. */
function versionOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
}
