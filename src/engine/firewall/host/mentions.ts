import { type Address, bitsOf, parseAddress } from '#lib/address';
import type { Mention } from './groups.ts';
import { type Span, spanOfPorts, spanOfPrefix } from './span.ts';

/** Everything that some rule text could tell packets apart by. */
export interface Mentions {
  readonly four: Mention[];
  readonly six: Mention[];
  readonly ports: Mention[];
}

/**
 * Finds the addresses and port numbers in the text of rules: of `nft list table`, iptables-save and `ipset save`.
 * It need not understand them: a number too many (a rate, a type of ICMP) only makes one more group. The members of
 * a named set are mentioned together, as a rule has all of them or none.
 */
export function mentionsIn(texts: readonly string[]): Mentions {
  const found: Mentions = { four: [], six: [], ports: [] };
  for (const [index, text] of texts.entries()) {
    for (const { line, set } of linesOf(text)) {
      const name = set === undefined ? undefined : `${index} ${set}`;
      for (const token of tokensOf(line)) note(found, token, name);
    }
  }
  return found;
}

const tokensOf = (line: string): string[] => line.split(/[\s,;{}()"'=!]+/).filter((token) => token !== '');

/** Lines with the plain set that they belong to. Of maps and tuples each element is for itself. */
function* linesOf(text: string): Generator<{ line: string; set: string | undefined }> {
  let set: string | undefined;
  let plain = false;
  let inside = false;
  for (const line of text.split('\n')) {
    const block = /^\s*(set|map) (\S+) \{/.exec(line);
    const member = /^add (\S+) (.*)/.exec(line);
    if (block) {
      [set, plain, inside] = [block[2], block[1] === 'set', false];
    } else if (member) yield { line: member[2] ?? '', set: member[1] };
    else if (set !== undefined && line.startsWith('\t}')) set = undefined;
    else if (set !== undefined) {
      if (/^\s*type(of)? .* \. /.test(line)) plain = false;
      inside ||= line.includes('elements =');
      // `size 65535`, `timeout 1h`: settings of the set.
      if (inside) yield { line: line.replace('elements =', ''), set: plain ? set : undefined };
    } else if (!/^[:#]/.test(line)) yield { line, set: undefined };
  }
}

function note(found: Mentions, token: string, set: string | undefined): void {
  const name = set ?? token;
  const address = addressSpan(token);
  if (address) {
    (address.family === 4 ? found.four : found.six).push({ name, span: address.span });
    return;
  }
  const [, first, last = first] = /^(\d{1,5})(?:[-:](\d{1,5}))?$/.exec(token) ?? [];
  if (first === undefined || last === undefined) return;
  if (Number(last) <= 65_535 && Number(first) <= Number(last)) {
    found.ports.push({ name, span: spanOfPorts(Number(first), Number(last)) });
  }
}

/** `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, `fe80::/10` */
function addressSpan(token: string): { family: 4 | 6; span: Span } | undefined {
  const [, one = '', prefix, other] = /^([0-9a-f.:]+)(?:\/(\d{1,3})|-([0-9a-f.:]+))?$/i.exec(token) ?? [];
  const from = one.includes('.') || one.includes(':') ? parseAddress(one) : undefined;
  if (!from) return undefined;
  if (other !== undefined) {
    const to = parseAddress(other);
    if (to?.family !== from.family || to.value < from.value) return undefined;
    return { family: from.family, span: { first: from.value, last: to.value } };
  }
  return { family: from.family, span: blockOf(from, prefix) };
}

function blockOf(address: Address, prefix: string | undefined): Span {
  const bits = bitsOf(address.family);
  return spanOfPrefix(address, prefix === undefined ? bits : Math.min(Number(prefix), bits));
}
