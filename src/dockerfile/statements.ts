import type { Directives } from './directives.ts';
import { DockerfileError } from './error.ts';
import { takeFlags } from './flags.ts';
import { announcedIn, readHeredoc } from './heredoc.ts';
import type { Heredoc, Statement } from './statement.ts';

const WITH_HEREDOCS = /^(?:ONBUILD\s+)*(?:RUN|COPY|ADD)\s/i;
const COMMENT = /^\s*#/;

/** Parts a Dockerfile into its statements: joins continued lines, drops comments, reads heredocs. @throws DockerfileError */
export function readStatements(lines: readonly string[], { escape }: Directives): Statement[] {
  const statements: Statement[] = [];
  let comment: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    if (COMMENT.test(line)) {
      comment.push(line.replace(/^\s*#\s?/, '').trimEnd());
      at++;
    } else if (line.trim() === '') {
      comment = [];
      at++;
    } else {
      const joined = joinLines(lines, at, escape);
      const { heredocs, next } = readHeredocs(lines, at, joined);
      const place = { first: at + 1, last: next };
      statements.push({ ...split(joined.text, escape), ...joined.marks, heredocs, lines: place, comment });
      comment = [];
      at = next;
    }
  }
  return statements;
}

interface Joined {
  readonly text: string;
  /** The line after the last. */
  readonly next: number;
  readonly marks: { readonly emptyContinuation: boolean };
}

/** A line that ends in the escape character goes on in the next; comments and empty lines between them count for nothing. */
function joinLines(lines: readonly string[], from: number, escape: string): Joined {
  const continued = escape === '`' ? /`[ \t]*$/ : /\\[ \t]*$/;
  const text: string[] = [];
  let emptyContinuation = false;
  let at = from;
  for (; at < lines.length; at++) {
    const line = (lines[at] ?? '').replace(/\r$/, '');
    if (at > from && COMMENT.test(line)) continue;
    if (at > from && line.trim() === '') {
      emptyContinuation = true;
      continue;
    }
    const goesOn = continued.test(line);
    text.push(goesOn ? line.replace(continued, '') : line);
    if (!goesOn) {
      at++;
      break;
    }
  }
  return { text: text.join('').trim(), next: at, marks: { emptyContinuation } };
}

function readHeredocs(
  lines: readonly string[],
  from: number,
  joined: Joined,
): { heredocs: Heredoc[]; next: number } {
  let next = joined.next;
  if (!WITH_HEREDOCS.test(joined.text)) return { heredocs: [], next };
  const heredocs: Heredoc[] = [];
  for (const announced of announcedIn(joined.text)) {
    const read = readHeredoc(lines, next, announced);
    if (!read) {
      throw new DockerfileError(`unterminated heredoc: no line is ${announced.name}`, {
        first: from + 1,
        last: lines.length,
      });
    }
    heredocs.push(read.heredoc);
    next = read.next;
  }
  return { heredocs, next };
}

function split(text: string, escape: string): Pick<Statement, 'keyword' | 'flags' | 'rest'> {
  const [, keyword = '', after = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  return { keyword, ...takeFlags(after, escape) };
}
