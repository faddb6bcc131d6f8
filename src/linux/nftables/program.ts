import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf, systemError, unsupported } from '#lib/errors';
import { SystemError } from '../errno.ts';
import { nftErrno } from './error.ts';
import { type NftRunner, parseListing } from './runner.ts';

/** A ruleset of ten thousand rules is a few megabytes. */
const MAX_OUTPUT = 256 * 2 ** 20;
const DETAIL_LIMIT = 2000;

/**
 * nft(8), spawned for each call, in the namespaces of the calling thread: for threads that come and go. libnftables
 * keeps state of its own for the whole process, so one of its instances serves one thread alone.
 */
export class NftProgram implements NftRunner {
  run(script: string): void {
    this.#execute([], script);
  }

  query(command: string): unknown[] {
    return parseListing(this.#execute(['--json'], command), command);
  }

  list(command: string, options: { handles?: boolean } = {}): string {
    return this.#execute(['--stateless', ...(options.handles ? ['--handle'] : [])], command);
  }

  #execute(flags: readonly string[], script: string): string {
    using file = new ScriptFile(script);
    const { status, stdout, stderr, error } = spawnSync('nft', [...flags, '-f', file.path], {
      encoding: 'utf8',
      maxBuffer: MAX_OUTPUT,
    });
    if (codeOf(error) === 'ENOENT')
      throw unsupported('nft is not installed (Debian: package nftables)', error);
    if (error) throw systemError(`cannot run nft: ${error.message}`, error);
    // It names its input in front of each message; libnftables does not.
    const detail = stderr.replaceAll(/^\S+:\d+:\d+(?:-\d+)?: /gm, '').trim();
    if (status !== 0)
      throw new SystemError('nft', [], nftErrno(detail), undefined, detail.slice(0, DETAIL_LIMIT));
    return stdout;
  }

  [Symbol.dispose](): void {}
}

/** It opens its standard input by name, which a socket, as Node gives, does not have. */
class ScriptFile implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'berth-nft-'));
  readonly path = join(this.#directory, 'script');

  constructor(script: string) {
    writeFileSync(this.path, script, { mode: 0o600 });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
