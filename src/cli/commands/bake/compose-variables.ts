import { invalid } from '#lib/errors';
import { mapTexts } from './texts.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Compose's interpolation (Compose specification, 12-interpolation.md) in all texts of a value: `$NAME`, `${NAME}`,
 * `${NAME:-default}`, `${NAME:?error}`, `${NAME:+other}`, each also without the colon; `$$` is a dollar.
 * @throws invalid
 */
export const interpolate = (value: unknown, env: Environment, place: string): unknown =>
  mapTexts(value, place, (text, at) => interpolateText(text, env, at));

const NAME = /^[A-Za-z_]\w*/;

function interpolateText(text: string, env: Environment, place: string): string {
  let result = '';
  let rest = text;
  for (let at = rest.indexOf('$'); at >= 0; at = rest.indexOf('$')) {
    result += rest.slice(0, at);
    rest = rest.slice(at + 1);
    const [name] = NAME.exec(rest) ?? [];
    if (rest.startsWith('$')) {
      result += '$';
      rest = rest.slice(1);
    } else if (name !== undefined) {
      result += env[name] ?? '';
      rest = rest.slice(name.length);
    } else if (rest.startsWith('{')) {
      const end = closing(rest);
      if (end < 0) throw invalid(`${place}: "${text}": a "\${" is not closed`);
      result += braced(rest.slice(1, end), env, place);
      rest = rest.slice(end + 1);
    } else throw invalid(`${place}: "${text}": "$" must be followed by a name; "$$" is a dollar`);
  }
  return result + rest;
}

/** Where the brace that opens the text is closed. */
function closing(text: string): number {
  let depth = 0;
  for (const { 0: brace, index } of text.matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1;
    if (depth === 0) return index;
  }
  return -1;
}

function braced(expression: string, env: Environment, place: string): string {
  const [, name, colon = '', operator, word = ''] =
    /^([A-Za-z_]\w*)(?:(:?)([-?+])(.*))?$/s.exec(expression) ?? [];
  if (name === undefined) throw invalid(`${place}: \${${expression}} is not understood`);
  const value = env[name];
  const given = colon === '' ? value !== undefined : Boolean(value);
  switch (operator) {
    case '-':
      return given ? (value ?? '') : interpolateText(word, env, place);
    case '+':
      return given ? interpolateText(word, env, place) : '';
    case '?':
      if (!given) throw invalid(`${place}: ${name} is required: ${interpolateText(word, env, place)}`);
      return value ?? '';
    default:
      return value ?? '';
  }
}
