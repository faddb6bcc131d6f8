/** One way in that a WWW-Authenticate header offers (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const SEPARATORS = /[\s,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const VALUE = /\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/y;

/** Reads the header leniently: what makes no sense in it is skipped. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const scan = (pattern: RegExp, at: number): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(header);
  };
  for (let at = 0; at < header.length; ) {
    at += scan(SEPARATORS, at)?.[0].length ?? 0;
    const name = scan(TOKEN, at)?.[0];
    if (name === undefined) {
      at++;
      continue;
    }
    at += name.length;
    const value = scan(VALUE, at);
    const current = challenges.at(-1);
    if (value === null) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else {
      current?.parameters.set(name.toLowerCase(), value[1]?.replace(/\\(.)/g, '$1') ?? value[2] ?? '');
      at += value[0].length;
    }
  }
  return challenges;
}
