import { formatTime } from '#lib/time';
import type { LogEntry } from './entry.ts';

/** A line as conmon writes it, or several when `pieces` cut it. Text without a newline at its end. */
export function render(entry: { stream: LogEntry['stream']; time: bigint; text: string; pieces?: number }) {
  const { stream, time, text, pieces = 1 } = entry;
  const characters = Array.from(text);
  const length = Math.max(1, Math.ceil(characters.length / pieces));
  const cuts = Array.from({ length: pieces }, (_, i) =>
    characters.slice(i * length, (i + 1) * length).join(''),
  );
  const stamp = formatTime(time).replace('Z', '+00:00');
  return cuts.map((cut, i) => `${stamp} ${stream} ${i === pieces - 1 ? 'F' : 'P'} ${cut}\n`);
}

export interface Line {
  readonly stream: LogEntry['stream'];
  readonly time: bigint;
  readonly text: string;
}

/** What `readLogs` should give for a finished line. */
export const shown = ({ stream, time, text }: Line) => ({ stream, time, text: `${text}\n` });
export const plain = ({ stream, time, line }: LogEntry) => ({ stream, time, text: line.toString() });

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of source) all.push(entry);
  return all;
}
