/** Splits at white space outside of quotes. Quotes and escapes stay in the words: `expandWord` takes them off. */
export function splitWords(text: string, escape: string): string[] {
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
    if (character === escape && quote !== "'" && at + 1 < text.length) word += text.charAt(++at);
    else if (character === quote) quote = '';
    else if (quote === '' && /["']/.test(character)) quote = character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** `["a", "b"]`; anything that is no JSON list of strings is the shell form. */
export function jsonList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch {
    // The shell form it is.
  }
  return undefined;
}

/** A JSON list, or what white space parts, quotes and all. */
export const listOf = (text: string): string[] => jsonList(text) ?? text.split(/\s+/).filter(Boolean);
