import { formatAddress } from '#lib/address';
import { messageOf } from '#lib/errors';
import type { TraceStep } from '#linux/nftables';
import { type Space, spaceOf, textOf, total } from './decide.ts';
import { readHost } from './host.ts';
import { mentionsIn } from './mentions.ts';
import { isOurInterface, isOurTable, type Ours } from './ours.ts';
import { type Question, Replay } from './replay.ts';
import { readRules } from './rules.ts';

export interface ExplainOptions {
  readonly ours: Ours;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** What the host's rules do with the first packet of some sources. */
export interface SourceVerdict {
  readonly interface: string;
  /** Blocks; `any other` for the largest part of the world. */
  readonly sources: readonly string[];
  readonly open: boolean;
  /** `ip filter INPUT: policy drop`; of legacy tables it is not known. */
  readonly rule: string;
}

export interface HostExplanation {
  readonly verdicts: readonly SourceVerdict[];
  /** What keeps the verdicts from being known, in words. */
  readonly problems: readonly string[];
}

/** A block list may have a hundred thousand of them. */
const SHOWN = 8;

export function explain({ ours, protocol, port }: ExplainOptions): HostExplanation {
  const rules = readRules(isOurTable(ours));
  if (rules.tables.length === 0) return { verdicts: [], problems: rules.problems };
  try {
    const host = readHost(isOurInterface(ours));
    using replay = Replay.open(rules, host);
    const texts = [...rules.tables.map(({ text }) => text), rules.ipsets];
    const mentions = mentionsIn(texts);
    const verdicts = ([4, 6] as const).flatMap((family) =>
      verdictsOf(spaceOf(family, texts, host, mentions), replay, { protocol, port }),
    );
    return { verdicts, problems: replay.problems };
  } catch (error) {
    return { verdicts: [], problems: [messageOf(error)] };
  }
}

function verdictsOf(
  { family, interfaces, sources }: Space,
  replay: Replay,
  port: Pick<Question, 'protocol' | 'port'>,
): SourceVerdict[] {
  const name = family === 4 ? 'any other IPv4 address' : 'any other IPv6 address';
  const [rest] = sources.toSorted((a, b) => (total(a.spans) > total(b.spans) ? -1 : 1));
  const answers = interfaces.flatMap(({ names, destinations }) =>
    destinations.slice(0, 1).flatMap(({ sample: destination }) =>
      sources.map((group) => {
        const source = formatAddress(family, group.sample);
        const { passed, steps } = replay.trace({ interface: names[0] ?? '', source, destination, ...port });
        const blocks = group === rest ? [name] : group.spans.slice(0, SHOWN).map(textOf(family));
        return { interface: names.join(', '), blocks, open: passed, rule: ruleOf(replay, steps) };
      }),
    ),
  );
  const alike = Map.groupBy(answers, (each) => JSON.stringify([each.interface, each.open, each.rule]));
  return [...alike.values()].flatMap((members) => {
    const [first] = members;
    if (!first) return [];
    const { interface: at, open, rule } = first;
    const blocks = members.flatMap((each) => each.blocks);
    // It stands for all that is not named elsewhere.
    return [{ interface: at, open, rule, sources: blocks.includes(name) ? [name] : blocks }];
  });
}

/** The last rule that let the packet go on or dropped it. */
function ruleOf(replay: Replay, steps: readonly TraceStep[]): string {
  const step = steps.findLast(({ verdict }) => verdict === 'accept' || verdict === 'drop');
  if (!step) return 'no rule that can be shown';
  const { family, table, chain, type, verdict, handle } = step;
  const where = `${family} ${table} ${chain}`;
  if (type === 'policy') return `${where}: policy ${verdict}`;
  const line = replay
    .list(`list chain ${where}`)
    .split('\n')
    .find((text) => text.endsWith(`# handle ${handle}`));
  return `${where}: ${line?.replace(/ # handle \d+$/, '').trim() ?? verdict}`;
}
