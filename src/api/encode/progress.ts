import type { Progress } from '#engine/images';
import { formatSize } from '#lib/sizes';
import type { ProgressMessage } from '#protocol';
import type { JsonLines } from '../streams/json-lines.ts';

const BAR_WIDTH = 50;

/** How often one layer's bytes are told, in milliseconds. */
const INTERVAL = 100;

/** Tells progress over a stream, no more often than somebody can see. */
export class ProgressReport {
  readonly #lines: JsonLines;
  readonly #last = new Map<string, { status: string; time: number }>();

  constructor(lines: JsonLines) {
    this.#lines = lines;
  }

  /** For an `onProgress` option. */
  readonly add = (progress: Progress): void => {
    const { id = '', status, current, total } = progress;
    const last = this.#last.get(id);
    const now = Date.now();
    const isEnd = current === undefined || current === total;
    if (last?.status === status && !isEnd && now - last.time < INTERVAL) return;
    this.#last.set(id, { status, time: now });
    // Bytes that nobody reads are dropped with the connection: there is nothing to wait for.
    void this.#lines.write(progressMessage(progress));
  };
}

export function progressMessage({ id, status, current, total }: Progress): ProgressMessage {
  if (current === undefined) return { status, ...(id !== undefined && { progressDetail: {}, id }) };
  return {
    status,
    progressDetail: { current, ...(total !== undefined && { total }) },
    progress: bar(current, total),
    ...(id !== undefined && { id }),
  };
}

function bar(current: number, total: number | undefined): string {
  if (!total) return formatSize(current);
  const done = Math.min(BAR_WIDTH, Math.floor((current / total) * BAR_WIDTH));
  const head = done < BAR_WIDTH ? '>' : '';
  const drawn = `${'='.repeat(done)}${head}`.padEnd(BAR_WIDTH);
  return `[${drawn}]  ${formatSize(current)}/${formatSize(total)}`;
}
