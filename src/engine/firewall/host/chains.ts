/** A rule as far as it matters for what becomes of a packet that no rule is about. */
export interface Rule {
  /** Of nft. */
  readonly handle?: number;
  /** It looks at something of the packet. */
  readonly conditional: boolean;
  /** The text that the rule's author gave it. */
  readonly comment?: string;
  /** `other`: one that is not known beforehand, as of a map of verdicts. */
  readonly effect: 'accept' | 'drop' | 'return' | 'none' | 'other' | { readonly chain: string };
}

export interface Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
  /** Of a base chain. */
  readonly hook?: string;
  readonly priority?: number;
  readonly policy?: 'accept' | 'drop';
}

export type Chains = ReadonlyMap<string, Chain>;

/**
 * Where in a base chain packets are dropped that no rule is about: the index of the rule to put ours before.
 * Undefined when they are not dropped. What is done right before the drop, such as logging it, comes after ours.
 */
export function placeBeforeDrop(chains: Chains, base: Chain): number | undefined {
  const end = base.rules.findIndex((rule) => fateOf(chains, rule) !== undefined);
  const fate = end < 0 ? (base.policy ?? 'accept') : fateOf(chains, base.rules[end] as Rule);
  if (fate !== 'drop') return undefined;
  let place = end < 0 ? base.rules.length : end;
  for (let before = base.rules[place - 1]; before && isIdle(chains, before); before = base.rules[place - 1]) {
    place--;
  }
  return place;
}

/** What a rule does to every packet; undefined when some go on. */
function fateOf(
  chains: Chains,
  rule: Rule,
  seen: ReadonlySet<string> = new Set(),
): 'accept' | 'drop' | undefined {
  if (rule.conditional) return undefined;
  if (rule.effect === 'accept' || rule.effect === 'drop') return rule.effect;
  if (typeof rule.effect === 'string') return undefined;
  const { chain } = rule.effect;
  if (seen.has(chain)) return undefined;
  for (const each of chains.get(chain)?.rules ?? []) {
    if (!each.conditional && each.effect === 'return') return undefined;
    const fate = fateOf(chains, each, new Set([...seen, chain]));
    if (fate) return fate;
  }
  return undefined;
}

/** It lets nothing through and drops nothing that would not be dropped anyway: a log, an empty chain. */
function isIdle(chains: Chains, rule: Rule, seen: ReadonlySet<string> = new Set()): boolean {
  if (typeof rule.effect === 'string') return rule.effect === 'none' || rule.effect === 'return';
  const { chain } = rule.effect;
  if (seen.has(chain)) return false;
  return (chains.get(chain)?.rules ?? []).every((each) => isIdle(chains, each, new Set([...seen, chain])));
}

type Json = Readonly<Record<string, unknown>>;
const VERDICTS: Readonly<Record<string, Rule['effect']>> = {
  accept: 'accept',
  drop: 'drop',
  reject: 'drop',
  return: 'return',
};
const TARGETS: Readonly<Record<string, Rule['effect']>> = { REJECT: 'drop' };
/** They neither decide nor ask. */
const NEUTRAL: ReadonlySet<string> = new Set(['counter', 'log', 'mangle', 'notrack', 'continue', 'comment']);
/** They only ask. */
const CONDITIONS: ReadonlySet<string> = new Set(['match', 'limit', 'quota', 'ct count', 'set']);

/** The chains of one table, of libnftables' JSON. */
export function chainsOf(listing: readonly unknown[]): Map<string, Chain> {
  const chains = new Map<string, Chain & { rules: Rule[] }>();
  for (const { chain, rule } of listing as { chain?: Json; rule?: Json }[]) {
    if (chain) {
      const name = String(chain['name']);
      chains.set(name, {
        name,
        rules: [],
        ...(chain['hook'] === undefined
          ? {}
          : { hook: String(chain['hook']), priority: Number(chain['prio']) }),
        ...(chain['policy'] === undefined ? {} : { policy: chain['policy'] === 'drop' ? 'drop' : 'accept' }),
      });
    } else if (rule) chains.get(String(rule['chain']))?.rules.push(ruleOf(rule));
  }
  return chains;
}

function ruleOf(rule: Json): Rule {
  let conditional = false;
  let effect: Rule['effect'] = 'none';
  for (const statement of (rule['expr'] ?? []) as Json[]) {
    const [kind = '', content] = Object.entries(statement)[0] ?? [];
    if (Object.hasOwn(VERDICTS, kind)) effect = VERDICTS[kind] ?? 'none';
    else if (kind === 'jump' || kind === 'goto') effect = { chain: String((content as Json)['target']) };
    else if (kind === 'xt') {
      const { type, name } = content as { type?: string; name?: string };
      if (type === 'target') effect = TARGETS[name ?? ''] ?? 'none';
      else if (name !== 'comment') conditional = true;
    } else if (CONDITIONS.has(kind)) conditional = true;
    else if (!NEUTRAL.has(kind)) effect = 'other';
  }
  const comment = rule['comment'] === undefined ? {} : { comment: String(rule['comment']) };
  return { handle: Number(rule['handle']), conditional, effect, ...comment };
}

/** The chains of one table, of iptables-save: for the kernel's old tables, which nft does not show. */
export function chainsOfSave(text: string): Map<string, Chain> {
  const chains = new Map<string, Chain & { rules: Rule[] }>();
  for (const line of text.split('\n')) {
    const [, declared, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (declared !== undefined) {
      const hook = policy === '-' ? {} : { hook: declared.toLowerCase(), priority: 0 };
      const base = policy === 'DROP' ? { policy: 'drop' as const } : {};
      chains.set(declared, { name: declared, rules: [], ...hook, ...base });
    }
    const [, chain = '', rest = ''] = /^-A (\S+)(.*)$/.exec(line) ?? [];
    chains.get(chain)?.rules.push(ruleOfSave(rest, chains));
  }
  return chains;
}

const SAVED_TARGETS: Readonly<Record<string, Rule['effect']>> = {
  ACCEPT: 'accept',
  DROP: 'drop',
  REJECT: 'drop',
  RETURN: 'return',
};
/** They note or mark something; others are not known. */
const NEUTRAL_TARGETS = new Set(['', 'LOG', 'NFLOG', 'ULOG', 'TRACE', 'MARK', 'CONNMARK', 'TCPMSS', 'SET']);

function ruleOfSave(text: string, chains: Chains): Rule {
  const [, target = ''] = /(?:^| )-[jg] (\S+)/.exec(text) ?? [];
  const [said = '', quoted, word] = / -m comment --comment (?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(text) ?? [];
  const comment = quoted ?? word;
  const conditions = text.replace(said, '').replace(/ -[jg] \S+.*$/, '');
  const unknown = NEUTRAL_TARGETS.has(target) ? 'none' : 'other';
  return {
    conditional: conditions.trim() !== '',
    effect: SAVED_TARGETS[target] ?? (chains.has(target) ? { chain: target } : unknown),
    ...(comment === undefined ? {} : { comment }),
  };
}
