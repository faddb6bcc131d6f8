import { messageOf } from '#lib/errors';
import { serveParent } from '#lib/idle-process';
import { NftProgram } from '#linux/nftables';
import { type Admission, NOBODY } from '../admission.ts';
import { chainsOf, chainsOfSave } from './chains.ts';
import { decide } from './decide.ts';
import { explain } from './explain.ts';
import { ensureForwardRules, type ForwardRules } from './forward-rules.ts';
import { readHost } from './host.ts';
import { isOurInterface, isOurTable, type Ours } from './ours.ts';
import { Replay } from './replay.ts';
import { type HostRules, readAgain, readRules } from './rules.ts';

/** What the host's firewall means for our published ports. */
export interface HostVerdict {
  /** Absent: everybody may come in. */
  readonly admission?: Admission;
  readonly forward: ForwardRules;
  /** Why the admission is not to be trusted; then it lets nobody in. */
  readonly problems: readonly string[];
}

export interface EvaluateOptions {
  readonly ours: Ours;
  /** Whether the host's rules decide who reaches published ports. */
  readonly admission: boolean;
  /** Whether what we forward is to pass the host's chains. */
  readonly forward: boolean;
}

/** Reads the host's rules, answers what they mean, and sees to our rule in those that drop what we forward. Never fails. */
function evaluate(options: EvaluateOptions): HostVerdict {
  try {
    // Others change their tables meanwhile: one that goes away takes another look.
    return readAgain(() => evaluateOnce(options));
  } catch (error) {
    const closed = options.admission ? { admission: NOBODY } : {};
    return { ...closed, forward: { chains: [], problems: [] }, problems: [messageOf(error)] };
  }
}

function evaluateOnce({ ours, admission, forward }: EvaluateOptions): HostVerdict {
  const rules = readRules(isOurTable(ours));
  const forwarding = ensureForwardRules(rules, ours.table, forward);
  if (!admission || !hasInputChains(rules)) return { forward: forwarding, problems: [] };
  try {
    const host = readHost(isOurInterface(ours));
    using replay = Replay.open(rules, host);
    if (replay.problems.length > 0) {
      return { admission: NOBODY, forward: forwarding, problems: replay.problems };
    }
    return { admission: decide(rules, host, replay), forward: forwarding, problems: [] };
  } catch (error) {
    return { admission: NOBODY, forward: forwarding, problems: [messageOf(error)] };
  }
}

/** A host without rules of its own for what comes in has nothing to be asked. */
function hasInputChains(rules: HostRules): boolean {
  using nft = new NftProgram();
  return rules.tables.some(({ kind, family, name, text }) => {
    const chains = kind === 'nft' ? chainsOf(nft.query(`list table ${family} ${name}`)) : chainsOfSave(text);
    return [...chains.values()].some(
      ({ hook, policy, rules: own }) =>
        (hook === 'input' || hook === 'prerouting') && (policy === 'drop' || own.length > 0),
    );
  });
}

/**
 * A process of its own: libnftables keeps part of its state in global variables, and what reads iptables' rules for it
 * ends the process when it meets one that it does not know.
 */
const handlers = { evaluate, explain };
export type HostProcess = typeof handlers;

serveParent(handlers);
