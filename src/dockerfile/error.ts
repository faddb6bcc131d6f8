import { BerthError } from '#lib/errors';

/** Lines of a Dockerfile, the first is 1; both ends belong to it. */
export interface Lines {
  readonly first: number;
  readonly last: number;
}

/** What is wrong with a Dockerfile, and where. */
export class DockerfileError extends BerthError {
  override readonly name = 'DockerfileError';
  /** Absent when the file as a whole is wrong. */
  readonly lines: Lines | undefined;

  constructor(message: string, lines?: Lines, options?: ErrorOptions) {
    super('invalid', lines ? `dockerfile parse error on line ${lines.first}: ${message}` : message, options);
    this.lines = lines;
  }
}

/** Says on which lines something went wrong, for errors that were made without knowing it. */
export function located<T>(lines: Lines, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DockerfileError || !(error instanceof BerthError)) throw error;
    throw new DockerfileError(error.message, lines, { cause: error });
  }
}

const CONTEXT = 2;

/** The lines around a place, the place itself marked, as they are shown below an error. */
export function excerpt(source: string, lines: Lines, name = 'Dockerfile'): string {
  const all = source.split('\n');
  const first = Math.max(1, lines.first - CONTEXT);
  const last = Math.min(all.length, lines.last + CONTEXT);
  const rule = '-'.repeat(20);
  const shown = all.slice(first - 1, last).map((text, index) => {
    const line = first + index;
    const mark = line >= lines.first && line <= lines.last ? '>>>' : '   ';
    return `${String(line).padStart(4)} | ${mark} ${text.replace(/\r$/, '')}`.trimEnd();
  });
  return [`${name}:${lines.first}`, rule, ...shown, rule].join('\n');
}
