import type { Heredoc } from './statement.ts';

/** `<<EOF`, `<<-EOF`, `<<"EOF"`, `3<<EOF`: what announces a heredoc. */
export interface Announced {
  readonly name: string;
  readonly literal: boolean;
  /** `<<-`: tabs that begin a line are taken off. */
  readonly stripTabs: boolean;
}

const WORD = /^\d*<<(-?)\s*(?:"([^"<]+)"|'([^'<]+)'|([^\s<"']+))$/;

/** What a word announces, if it does. */
export function announcedBy(word: string): Announced | undefined {
  const [whole, dash, double, single, bare] = WORD.exec(word) ?? [];
  if (whole === undefined) return undefined;
  const name = double ?? single ?? bare ?? '';
  return { name, literal: bare === undefined, stripTabs: dash === '-' };
}

/** The words of a line that announce heredocs, in their order; none within quotes. */
export function announcedIn(line: string): Announced[] {
  return wordsOf(line).flatMap((word) => announcedBy(word) ?? []);
}

/** White space parts words, but not within quotes, which stay. */
function wordsOf(line: string): string[] {
  return line.match(/(?:[^\s"']|"(?:\\.|[^"\\])*"?|'[^']*'?)+/g) ?? [];
}

/**
 * Reads the document of one announcement, beginning at line `from`.
 * @returns the line after its end; undefined when the file ends before it does
 */
export function readHeredoc(
  lines: readonly string[],
  from: number,
  { name, literal, stripTabs }: Announced,
): { heredoc: Heredoc; next: number } | undefined {
  const content: string[] = [];
  for (let at = from; at < lines.length; at++) {
    const line = (lines[at] ?? '').replace(/\r$/, '');
    const text = stripTabs ? line.replace(/^\t+/, '') : line;
    if (text === name) {
      const document = content.map((each) => `${each}\n`).join('');
      return { heredoc: { name, literal, content: document }, next: at + 1 };
    }
    content.push(text);
  }
  return undefined;
}
