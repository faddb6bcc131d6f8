import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';

/** sizeof(struct sock_filter), and BPF_MAXINSNS of them. */
const INSTRUCTION = 8;
const MAX_PROGRAM = 4096 * INSTRUCTION;
const CHECKSUM = 32;
const MAX_IN_MEMORY = 64;

/**
 * Compiled system call filters, by a key that stands for all that went into them. On disk each is
 * a SHA-256 and the program: a file that was cut short by a crash must not become somebody's filter.
 */
export class BpfCache {
  readonly #root: string;
  readonly #log: Logger;
  /** base64, as the runtime wants it; undefined: looked for and not there. */
  readonly #programs = new Map<string, string | undefined>();

  private constructor(root: string, log: Logger) {
    this.#root = root;
    this.#log = log;
  }

  static async open(root: string, log: Logger): Promise<BpfCache> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new BpfCache(root, log);
  }

  /** The program in base64. */
  async get(key: string): Promise<string | undefined> {
    if (this.#programs.has(key)) return this.#programs.get(key);
    const program = await this.#read(key);
    this.#remember(key, program?.toString('base64'));
    return program?.toString('base64');
  }

  /** Keeps a program; what is none is ignored. */
  async put(key: string, program: Buffer): Promise<void> {
    if (!isProgram(program)) return;
    this.#remember(key, program.toString('base64'));
    const temporary = join(this.#root, `.${key}.${randomBytes(6).toString('hex')}`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.write(Buffer.concat([checksum(program), program]));
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path(key));
    } catch (error) {
      // Without the file the next daemon compiles it once more.
      await rm(temporary, { force: true });
      this.#log.warn(`cannot keep a compiled seccomp filter: ${messageOf(error)}`);
    }
  }

  async #read(key: string): Promise<Buffer | undefined> {
    let content: Buffer;
    try {
      content = await readFile(this.#path(key));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT')
        this.#log.warn(`cannot read a compiled seccomp filter: ${messageOf(error)}`);
      return undefined;
    }
    const program = content.subarray(CHECKSUM);
    if (isProgram(program) && content.subarray(0, CHECKSUM).equals(checksum(program))) return program;
    this.#log.warn(`a compiled seccomp filter is damaged and will be made again: ${this.#path(key)}`);
    return undefined;
  }

  #remember(key: string, program: string | undefined): void {
    this.#programs.delete(key);
    this.#programs.set(key, program);
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > MAX_IN_MEMORY && oldest !== undefined) this.#programs.delete(oldest);
  }

  #path(key: string): string {
    return join(this.#root, `${key}.bpf`);
  }
}

const checksum = (program: Buffer) => createHash('sha256').update(program).digest();
const isProgram = (bytes: Buffer) =>
  bytes.length > 0 && bytes.length <= MAX_PROGRAM && bytes.length % INSTRUCTION === 0;
