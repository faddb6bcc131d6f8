import { ConnectionError } from './errors.ts';

/** Longest message accepted, in characters. */
const MAX_LINE = 16 * 1024 * 1024;

/** A stream of JSON values, one a line (`\n` or `\r\n`), as events, stats and progress come. @throws ConnectionError */
export async function* jsonLines<T>(
  body: AsyncIterable<Uint8Array>,
  decode: (line: string) => T = JSON.parse,
): AsyncGenerator<T, void> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > MAX_LINE) throw new ConnectionError('a message of the daemon is too long');
    for (const line of lines) if (line.trim() !== '') yield parse(line, decode);
  }
  pending += decoder.decode();
  if (pending.trim() !== '') yield parse(pending, decode);
}

function parse<T>(line: string, decode: (line: string) => T): T {
  try {
    return decode(line);
  } catch (error) {
    throw new ConnectionError(`malformed message from the daemon: ${line.slice(0, 200)}`, error);
  }
}
