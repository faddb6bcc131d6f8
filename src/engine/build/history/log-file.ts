import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { codeOf } from '#lib/errors';
import type { BuildLogEntry } from './record.ts';

/** Most of a build's log that is kept: 2 MiB, as BuildKit's clients show of a step. */
const LIMIT = 2 * 2 ** 20;

/** Keeps what a build says, a line of JSON for each piece, up to a limit. */
export class BuildLogWriter {
  readonly #file: WriteStream;
  readonly #started = performance.now();
  #size = 0;
  #full = false;

  constructor(path: string) {
    this.#file = createWriteStream(path, { mode: 0o600 });
    // A full disk is no reason for a build to fail.
    this.#file.on('error', () => (this.#full = true));
  }

  add(entry: Omit<BuildLogEntry, 'at'>): void {
    if (this.#full) return;
    this.#write(entry);
    if (this.#size <= LIMIT) return;
    this.#full = true;
    this.#write({ kind: 'note', text: `the log is cut here: it is longer than ${LIMIT} bytes` });
  }

  async close(): Promise<void> {
    if (this.#file.errored) return;
    await new Promise<void>((resolve) => {
      this.#file.once('close', resolve);
      this.#file.end();
    });
  }

  #write(entry: Omit<BuildLogEntry, 'at'>): void {
    const line = `${JSON.stringify({ at: Math.round(performance.now() - this.#started), ...entry })}\n`;
    this.#size += Buffer.byteLength(line);
    this.#file.write(line);
  }
}

/** What was kept; nothing when there is no such file. The last line may be cut, of a build that did not end. */
export async function* readBuildLog(path: string): AsyncGenerator<BuildLogEntry, void> {
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const entry = parse(line);
      if (entry) yield entry;
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  } finally {
    input.destroy();
  }
}

function parse(line: string): BuildLogEntry | undefined {
  try {
    return JSON.parse(line) as BuildLogEntry;
  } catch {
    return undefined;
  }
}
