import { invalid } from '#lib/errors';

/**
 * Splits at white space outside of quotes. Quotes and backslashes stay in the words: `unquote` takes them off.
 * @throws invalid for a quote that does not end
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word = (word ?? '') + character;
    if (character === '\\' && quote !== "'" && at + 1 < text.length) word += text.charAt(++at);
    else if (character === quote) quote = '';
    else if (quote === '' && /["']/.test(character)) quote = character;
  }
  if (quote !== '')
    throw invalid(
      `unexpected end of statement while looking for matching ${quote === '"' ? 'double' : 'single'}-quote`,
    );
  if (word !== undefined) words.push(word);
  return words;
}

/**
 * Takes off quotes and backslashes as a shell does, and replaces `$x`, `${x}`, `${x:-default}` and `${x:+other}`
 * outside of single quotes. @throws invalid
 */
export function unquote(word: string, variables: ReadonlyMap<string, string>): string {
  let result = '';
  let quote = '';
  for (let at = 0; at < word.length; at++) {
    const character = word.charAt(at);
    if (character === '\\' && quote !== "'" && at + 1 < word.length) {
      const next = word.charAt(++at);
      // Within double quotes a backslash means itself before anything that is not special there.
      result += quote === '"' && !/["\\$]/.test(next) ? `\\${next}` : next;
    } else if (character === quote) quote = '';
    else if (quote === '' && /["']/.test(character)) quote = character;
    else if (character === '$' && quote !== "'") {
      const { value, length } = substitute(word.slice(at), variables);
      result += value;
      at += length - 1;
    } else result += character;
  }
  return result;
}

function substitute(text: string, variables: ReadonlyMap<string, string>): { value: string; length: number } {
  const plain = /^\$([A-Za-z_][A-Za-z0-9_]*)/.exec(text);
  if (plain?.[1]) return { value: variables.get(plain[1]) ?? '', length: plain[0].length };
  if (!text.startsWith('${')) return { value: '$', length: 1 };
  const braced = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([^}]*))?\}/.exec(text);
  if (!braced?.[1]) throw invalid(`bad substitution: ${text}`);
  const [whole, name, operator, other = ''] = braced;
  const value = variables.get(name) ?? '';
  if (operator === '-') return { value: value || other, length: whole.length };
  if (operator === '+') return { value: value && other, length: whole.length };
  return { value, length: whole.length };
}
