import { posix } from 'node:path';
import { invalid } from '#lib/errors';
import { compileTreePattern } from './pattern.ts';

interface Rule {
  readonly expression: RegExp;
  /** `!pattern`: what it matches is back in. */
  readonly exception: boolean;
  readonly pattern: string;
}

/** The rules of a `.dockerignore`: the last one that matches a path or any directory above it decides. */
export class IgnoreRules {
  readonly #rules: readonly Rule[];
  readonly #exceptions: readonly string[];

  constructor(patterns: readonly string[]) {
    this.#rules = patterns.flatMap(ruleOf);
    this.#exceptions = this.#rules.filter(({ exception }) => exception).map(({ pattern }) => pattern);
  }

  /** @param path relative, with slashes and without `./` */
  ignores(path: string): boolean {
    let ignored = false;
    for (const { expression, exception } of this.#rules) {
      if (exception === ignored && expression.test(path)) ignored = !exception;
    }
    return ignored;
  }

  /** False when nothing below an ignored directory can be back in: it need not be read. */
  mayContainExceptions(directory: string): boolean {
    return this.#exceptions.some((pattern) => {
      const fixed = pattern.slice(0, pattern.search(/[*?[\\]|$/));
      return pattern !== fixed
        ? fixed.startsWith(`${directory}/`) || `${directory}/`.startsWith(fixed)
        : fixed.startsWith(`${directory}/`);
    });
  }
}

/** The patterns of the file's text: comments, blank lines and a byte order mark are none. */
export function readIgnoreFile(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  return lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter(Boolean);
}

function ruleOf(written: string): Rule[] {
  const text = written.trim();
  const exception = text.startsWith('!');
  const rest = exception ? text.slice(1).trim() : text;
  if (exception && rest === '') throw invalid('illegal exclusion pattern: "!"');
  const pattern = posix.normalize(rest).replace(/^\/+/, '').replace(/\/+$/, '');
  // The whole context cannot be left out: `.` and `/` are no rules.
  if (pattern === '' || pattern === '.') return [];
  return [{ expression: compileTreePattern(pattern), exception, pattern }];
}
