/**
 * A shell pattern of `${name#pattern}` and its kin as a regular expression: `*` any run (the shortest when `greedy`
 * is false), `?` one character, `\` takes the meaning away.
 */
export function patternSource(pattern: string, greedy: boolean): string {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '*') source += greedy ? '[^]*' : '[^]*?';
    else if (character === '?') source += '[^]';
    else source += literal(character === '\\' && at + 1 < pattern.length ? pattern.charAt(++at) : character);
  }
  return source;
}

const literal = (character: string): string => character.replace(/[.*+?^${}()|[\]\\/-]/, '\\$&');

/** `${v#p}` and `${v##p}`. */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  return value.replace(new RegExp(`^${patternSource(pattern, longest)}`), '');
}

/** `${v%p}` and `${v%%p}`: the shortest tail that fits begins as far to the right as it can. */
export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  const whole = new RegExp(`^${patternSource(pattern, true)}$`);
  const starts = Array.from({ length: value.length + 1 }, (_, index) => index);
  const start = (longest ? starts : starts.reverse()).find((index) => whole.test(value.slice(index)));
  return start === undefined ? value : value.slice(0, start);
}

/** `${v/p/r}` and `${v//p/r}`. */
export function replacePattern(value: string, pattern: string, replacement: string, all: boolean): string {
  if (pattern === '') return value;
  return value.replace(new RegExp(patternSource(pattern, true), all ? 'g' : ''), () => replacement);
}
