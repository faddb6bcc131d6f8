import { formatSize } from '#lib/sizes';
import type { ProgressMessage } from '#protocol';
import { Exit } from '../errors.ts';
import { terminalSize } from '../terminal/terminal.ts';
import type { Output } from './output.ts';

const BAR_WIDTH = 50;

/**
 * Shows the progress of a pull, push, load or import: a line an id that changes in place on a terminal, and plain lines
 * (without the bars) elsewhere.
 * @throws Exit with the daemon's error
 */
export async function printProgress(
  out: Output,
  messages: AsyncIterable<ProgressMessage>,
  { quiet }: { readonly quiet: boolean },
): Promise<void> {
  const size = quiet ? undefined : await terminalSize(out.fd);
  const screen = size ? new LiveLines(out, size.columns) : undefined;
  for await (const message of messages) {
    if (message.error !== undefined || message.errorDetail) {
      throw new Exit(1, message.errorDetail?.message ?? message.error ?? 'unknown error');
    }
    if (quiet) continue;
    if (message.stream !== undefined) out.write(message.stream);
    else if (message.status === undefined) continue;
    else if (screen) screen.show(message);
    else if (!hasBar(message)) out.line(message.id ? `${message.id}: ${message.status}` : message.status);
  }
}

const hasBar = ({ progressDetail }: ProgressMessage) =>
  (progressDetail?.current ?? 0) > 0 || (progressDetail?.total ?? 0) > 0;

/** One line an id, rewritten in place with cursor movements. */
class LiveLines {
  readonly #out: Output;
  readonly #columns: number;
  readonly #rows = new Map<string, number>();

  constructor(out: Output, columns: number) {
    this.#out = out;
    this.#columns = columns;
  }

  show(message: ProgressMessage): void {
    const { id, status = '' } = message;
    if (!id) {
      // A message about the whole: lines above it are settled.
      this.#rows.clear();
      this.#out.line(status);
      return;
    }
    const line = `${id}: ${status}${hasBar(message) ? ` ${bar(message, this.#columns)}` : ''}`;
    let row = this.#rows.get(id);
    if (row === undefined) {
      row = this.#rows.size;
      this.#rows.set(id, row);
      this.#out.write('\n');
    }
    const up = this.#rows.size - row;
    this.#out.write(`\x1b[${up}A\x1b[2K\r${line.slice(0, this.#columns)}\r\x1b[${up}B`);
  }
}

function bar({ progressDetail = {} }: ProgressMessage, columns: number): string {
  const { current = 0, total = 0 } = progressDetail;
  if (total <= 0) return formatSize(current).padStart(8);
  const numbers = `${formatSize(Math.min(current, total))}/${formatSize(total)}`;
  if (columns < 110) return numbers;
  const filled = Math.min(BAR_WIDTH, Math.floor((current / total) * BAR_WIDTH));
  const arrow = filled < BAR_WIDTH ? '>' : '';
  return `[${'='.repeat(filled)}${arrow}${' '.repeat(BAR_WIDTH - filled - arrow.length)}]  ${numbers}`;
}
