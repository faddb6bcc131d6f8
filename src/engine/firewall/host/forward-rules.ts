import { messageOf } from '#lib/errors';
import { NftProgram, type NftRunner } from '#linux/nftables';
import { MARK } from '../ruleset.ts';
import { type Chain, type Chains, chainsOf, chainsOfSave, placeBeforeDrop } from './chains.ts';
import { commentOf } from './ours.ts';
import { type HostRules, type RuleTable, run } from './rules.ts';

/** Chains of the host that would drop what we accept, and what was done about it. */
export interface ForwardRules {
  /** `ip filter FORWARD`: our rule is in it. */
  readonly chains: readonly string[];
  /** Chains that our rule could not be put into, in words. */
  readonly problems: readonly string[];
}

/**
 * Puts one rule of ours into each chain of the host that drops forwarded packets which no rule is about: it accepts
 * those that our own chain has accepted and marked. It stands after the host's own rules and before that end, so
 * that what the administrator wrote about a packet holds. With `wanted` false it is taken out everywhere.
 */
export function ensureForwardRules(rules: HostRules, table: string, wanted: boolean): ForwardRules {
  using nft = new NftProgram();
  const found: string[] = [];
  const problems: string[] = [];
  for (const each of rules.tables) {
    const chains = each.kind === 'nft' ? nftChains(nft, each) : chainsOfSave(each.text);
    for (const base of chains.values()) {
      if (!isForward(each, base)) continue;
      const name = `${each.family} ${each.name} ${base.name}`;
      try {
        if (ensureIn(editorOf(nft, each, table), chains, base, table, wanted)) found.push(name);
      } catch (error) {
        problems.push(`chain ${name}: ${messageOf(error).split('\n', 1)[0]}`);
      }
    }
  }
  return { chains: found, problems };
}

const nftChains = (nft: NftRunner, { family, name }: RuleTable): Chains =>
  chainsOf(nft.query(`list table ${family} ${name}`));

const isForward = ({ kind, name }: RuleTable, { hook }: Chain): boolean =>
  hook === 'forward' && (kind === 'nft' || name === 'filter');

/** True when our rule is there in the end. */
function ensureIn(editor: Editor, chains: Chains, base: Chain, table: string, wanted: boolean): boolean {
  const isOwn = (comment: string | undefined) => comment === commentOf(table);
  const present = base.rules.findIndex(({ comment }) => isOwn(comment));
  const foreign = { ...base, rules: base.rules.filter(({ comment }) => !isOwn(comment)) };
  const place = wanted ? placeBeforeDrop(chains, foreign) : undefined;
  // Foreign rules may have been put before ours since; that is as good, and leaves nothing to do.
  if (place !== undefined && present >= 0 && present <= place) return true;
  if (present >= 0) editor.remove(base, present);
  if (place === undefined) return false;
  editor.insert(foreign, place);
  return true;
}

/** How a rule is put into and taken out of one kind of chains. */
interface Editor {
  insert(chain: Chain, place: number): void;
  remove(chain: Chain, place: number): void;
}

function editorOf(nft: NftRunner, { kind, family, name }: RuleTable, table: string): Editor {
  const comment = commentOf(table);
  if (kind === 'nft') {
    return {
      insert: (chain, place) => {
        const before = chain.rules[place]?.handle;
        const where = `${family} ${name} ${chain.name}`;
        const rule = `meta mark & ${MARK} == ${MARK} accept comment "${comment}"`;
        nft.run(
          before === undefined
            ? `add rule ${where} ${rule}`
            : `insert rule ${where} position ${before} ${rule}`,
        );
      },
      remove: (chain, place) =>
        nft.run(`delete rule ${family} ${name} ${chain.name} handle ${chain.rules[place]?.handle}`),
    };
  }
  const program = `${family === 'ip6' ? 'ip6tables' : 'iptables'}-${kind === 'iptables' ? 'nft' : 'legacy'}`;
  const change = (...args: string[]) => void run(program, ['-w', '5', ...args]);
  return {
    insert: (chain, place) => {
      const match = ['-m', 'mark', '--mark', `${MARK}/${MARK}`, '-m', 'comment', '--comment', comment];
      change('-I', chain.name, String(place + 1), ...match, '-j', 'ACCEPT');
    },
    remove: (chain, place) => change('-D', chain.name, String(place + 1)),
  };
}
