import { invalid } from '#lib/errors';

/**
 * A pattern of `.dockerignore`, `--exclude` and `COPY` sources as a regular expression on a relative path: `*` and `?`
 * stop at slashes, `**` does not, `[a-z]` and `[^a-z]` are classes, `\` takes the meaning away. @throws invalid
 */
export function compilePattern(pattern: string): RegExp {
  return new RegExp(`^${sourceOf(pattern)}$`, 's');
}

/** The same for a path of which any parent matches too. */
export const compileTreePattern = (pattern: string): RegExp =>
  new RegExp(`^${sourceOf(pattern)}(?:/.*)?$`, 's');

function sourceOf(pattern: string): string {
  let source = '';
  for (let at = 0; at < pattern.length; ) {
    const character = pattern.charAt(at);
    if (pattern.startsWith('**', at)) {
      at = skipStars(pattern, at);
      // `**/` stands for any number of directories, none too; at the end `**` is everything below.
      if (pattern.charAt(at) === '/') at++;
      source += at >= pattern.length ? '.*' : '(?:.*/)?';
    } else if (character === '[') {
      const { text, end } = classOf(pattern, at);
      source += text;
      at = end;
    } else {
      if (character === '*') source += '[^/]*';
      else if (character === '?') source += '[^/]';
      else if (character === '\\') source += literal(escaped(pattern, ++at));
      else source += literal(character);
      at++;
    }
  }
  return source;
}

function skipStars(pattern: string, from: number): number {
  let at = from;
  while (pattern.charAt(at) === '*') at++;
  return at;
}

function escaped(pattern: string, at: number): string {
  if (at >= pattern.length) throw syntaxError(pattern);
  return pattern.charAt(at);
}

function classOf(pattern: string, from: number): { text: string; end: number } {
  let at = from + 1;
  let text = '[';
  if (pattern.charAt(at) === '^') {
    text += '^/';
    at++;
  }
  for (let first = true; first || pattern.charAt(at) !== ']'; first = false) {
    const character = pattern.charAt(at) === '\\' ? escaped(pattern, ++at) : pattern.charAt(at);
    if (character === '') throw syntaxError(pattern);
    if (first && character === ']') throw syntaxError(pattern);
    text += character === '-' ? '-' : character.replace(/[\\\]^[]/g, '\\$&');
    at++;
  }
  try {
    new RegExp(`${text}]`);
  } catch (error) {
    throw syntaxError(pattern, error);
  }
  return { text: `${text}]`, end: at + 1 };
}

const literal = (character: string): string => character.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

const syntaxError = (pattern: string, cause?: unknown) =>
  invalid(`syntax error in pattern: ${pattern}`, cause);
