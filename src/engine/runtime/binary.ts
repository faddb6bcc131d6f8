import { basename } from 'node:path';
import { invalid, unavailable } from '#lib/errors';
import { findProgram } from '#linux/process';

/** An OCI runtime as it is configured. */
export interface RuntimeBinary {
  readonly name: string;
  /** Absolute, or a name to look for in $PATH. */
  readonly path: string;
  readonly args: readonly string[];
}

/** The runtimes that containers may ask for. */
export class RuntimeBinaries {
  #byName: ReadonlyMap<string, RuntimeBinary> = new Map();
  #default = '';

  /** @throws invalid when the default is none of them */
  constructor(binaries: readonly RuntimeBinary[], defaultName: string) {
    this.configure(binaries, defaultName);
  }

  /** From now on; containers that there are keep the one that they were made with. @throws invalid, and changes nothing */
  configure(binaries: readonly RuntimeBinary[], defaultName: string): void {
    const byName = new Map(
      binaries.map((binary) => [binary.name, { ...binary, path: findProgram(binary.path) ?? binary.path }]),
    );
    if (!byName.has(defaultName)) throw invalid(`specified default runtime '${defaultName}' does not exist`);
    this.#byName = byName;
    this.#default = defaultName;
  }

  /** @throws invalid */
  get(name: string | undefined): RuntimeBinary {
    const binary = this.#byName.get(name === undefined || name === '' ? this.#default : name);
    if (!binary) throw invalid(`unknown or invalid runtime name: ${name}`);
    return binary;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  names(): readonly string[] {
    return [...this.#byName.keys()];
  }
}

/** What of crun's ways of its own may be used: its exec.fifo, its state directory, its --pid-file. */
export const isCrun = (binary: RuntimeBinary): boolean => basename(binary.path) === 'crun';

export const conmonPath = (): string => {
  const path = findProgram('conmon');
  if (path === undefined)
    throw unavailable('conmon is not installed: it holds the containers (apt-get install conmon)');
  return path;
};
