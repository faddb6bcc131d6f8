import { bitsOf, formatAddress, parseAddress } from '#lib/address';
import type { Admission, SourceGroup } from '../admission.ts';
import { divide, type Group } from './groups.ts';
import type { Host } from './host.ts';
import { type Mentions, mentionsIn } from './mentions.ts';
import type { Question } from './replay.ts';
import type { HostRules } from './rules.ts';
import { merge, type Span, sizeOf, spanOfCidr, spanOfPorts } from './span.ts';

/** Questions that a decision may cost, at some 60 us each. */
const LIMIT = 60_000;

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;

/** Sources that the kernel takes in from no wire (RFC 1122, 4291). */
const IMPOSSIBLE = {
  4: ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3'],
  6: ['::/127', '::ffff:0:0/96', 'ff00::/8'],
} as const;

export interface Answers {
  ask(questions: readonly Question[]): boolean[];
}

/** What the host's rules tell apart in one address family. */
export interface Space {
  readonly family: 4 | 6;
  readonly interfaces: readonly InterfaceGroup[];
  readonly sources: readonly Group[];
  readonly ports: readonly Group[];
}

interface InterfaceGroup {
  readonly names: readonly string[];
  readonly destinations: readonly DestinationGroup[];
}

interface DestinationGroup {
  /** For the set: an address, or all of the family. */
  readonly texts: readonly string[];
  readonly sample: string;
}

/**
 * Finds out for every source and every port whether the host's own rules let it in, by one question for each case
 * that the rules tell apart.
 * @throws Error when there are too many of them
 */
export function decide(rules: HostRules, host: Host, replay: Answers): Admission {
  const texts = [...rules.tables.map(({ text }) => text), rules.ipsets];
  const mentions = mentionsIn(texts);
  const four = spaceOf(4, texts, host, mentions);
  const six = spaceOf(6, texts, host, mentions);
  const count = questionsOf(four) + questionsOf(six);
  if (count > LIMIT) throw new Error(`the host's rules tell ${count} cases apart, which are too many to try`);
  return { four: groupsOf(four, replay), six: groupsOf(six, replay) };
}

const questionsOf = ({ interfaces, sources, ports }: Space): number =>
  interfaces.reduce((sum, { destinations }) => sum + destinations.length, 0) *
  sources.length *
  ports.length *
  PROTOCOLS.length;

export function spaceOf(family: 4 | 6, texts: readonly string[], host: Host, mentions: Mentions): Space {
  const words = texts.join('\n');
  // Rules that look at routes tell apart what routes do.
  const routing = /\bfib\b|rpfilter/.test(words);
  const routes = routing ? host.routes.filter(({ destination }) => isOf(destination, family)) : [];
  const mentioned = [
    ...(family === 4 ? mentions.four : mentions.six),
    ...routes.map(({ destination, prefix }) => ({
      name: `route ${destination}/${prefix}`,
      span: spanOfCidr(`${destination}/${prefix}`),
    })),
  ];
  const local = host.interfaces.flatMap(({ addresses }) =>
    addresses.filter(({ address }) => isOf(address, family)),
  );
  const excluded = [
    ...IMPOSSIBLE[family].map(spanOfCidr),
    ...local.map(({ address }) => spanOfCidr(address)),
    ...(family === 4 ? local.flatMap(ends) : []),
  ];
  const everything: Span = { first: 0n, last: (1n << BigInt(bitsOf(family))) - 1n };
  return {
    family,
    interfaces: interfaceGroups(words, host, routing, (names) =>
      destinationGroups(family, host, names, mentioned),
    ),
    sources: local.length === 0 ? [] : divide(everything, mentioned, excluded),
    ports: divide(spanOfPorts(1, 65_535), mentions.ports),
  };
}

const isOf = (address: string, family: 4 | 6): boolean => parseAddress(address)?.family === family;

/** Addresses of a network itself and of all in it: no host has them. */
function ends({ address, prefix }: { address: string; prefix: number }): Span[] {
  if (prefix > 30) return [];
  const { first, last } = spanOfCidr(`${address}/${prefix}`);
  return [
    { first, last: first },
    { first: last, last },
  ];
}

/** Interfaces that no rule tells apart, by their names as they are written or as a pattern (`eth*`, `eth+`). */
function interfaceGroups(
  words: string,
  host: Host,
  apart: boolean,
  destinations: (names: readonly string[]) => DestinationGroup[],
): InterfaceGroup[] {
  const patterns = new Set(words.match(/[\w.@-]+[*+](?=["\s])/g) ?? []);
  const groups = Map.groupBy(host.interfaces, ({ name }) => {
    if (apart || new RegExp(`(?<![\\w.-])${RegExp.escape(name)}(?![\\w.-])`).test(words)) return name;
    return [...patterns].filter((pattern) => name.startsWith(pattern.slice(0, -1))).join(' ');
  });
  return [...groups.values()].map((members) => {
    const names = members.map(({ name }) => name);
    return { names, destinations: destinations(names) };
  });
}

function destinationGroups(
  family: 4 | 6,
  host: Host,
  names: readonly string[],
  mentioned: Parameters<typeof divide>[1],
): DestinationGroup[] {
  // An address of the interface itself first: it is what packets that come in by it mostly go to.
  const own = ({ name }: { name: string }) => Number(names.includes(name));
  const addresses = host.interfaces
    .toSorted((a, b) => own(b) - own(a))
    .flatMap(({ addresses, name }) =>
      addresses.filter(({ address }) => isOf(address, family) && (own({ name }) || !isLinkLocal(address))),
    )
    .map(({ address }) => address);
  const groups = Map.groupBy(addresses, (address) => {
    const { first } = spanOfCidr(address);
    const of = mentioned.filter(({ span }) => span.first <= first && first <= span.last);
    return [...new Set(of.map(({ name }) => name))].sort().join('\n');
  });
  const all = [family === 4 ? '0.0.0.0/0' : '::/0'];
  return [...groups.values()].flatMap((members) => {
    const sample = members.find((address) => !isLinkLocal(address)) ?? members[0];
    return sample === undefined ? [] : [{ sample, texts: groups.size === 1 ? all : members }];
  });
}

const isLinkLocal = (address: string): boolean => address.startsWith('fe80:');

function groupsOf(space: Space, replay: Answers): SourceGroup[] {
  const answered = space.sources.map((source) => ({ source, allowed: allowedFrom(space, source, replay) }));
  const alike = Map.groupBy(answered, ({ allowed }) => allowed.join('\n'));
  const groups = [...alike.values()].map((members) => ({
    spans: merge(members.flatMap(({ source }) => source.spans)),
    allowed: members[0]?.allowed ?? [],
  }));
  const [rest, ...others] = groups.toSorted((a, b) => (total(a.spans) > total(b.spans) ? -1 : 1));
  return [
    { sources: [], allowed: rest?.allowed ?? [] },
    ...others.map(({ spans, allowed }) => ({ sources: spans.map(textOf(space.family)), allowed })),
  ];
}

export const total = (spans: readonly Span[]): bigint => spans.reduce((sum, span) => sum + sizeOf(span), 0n);

export const textOf =
  (family: 4 | 6) =>
  ({ first, last }: Span): string =>
    first === last
      ? formatAddress(family, first)
      : `${formatAddress(family, first)}-${formatAddress(family, last)}`;

function allowedFrom({ family, interfaces, ports }: Space, source: Group, replay: Answers): string[] {
  const cases = interfaces.flatMap(({ names, destinations }) =>
    destinations.flatMap(({ texts, sample }) =>
      PROTOCOLS.map((protocol) => ({ names, texts, sample, protocol })),
    ),
  );
  const questions = cases.flatMap(({ names, sample, protocol }) =>
    ports.map(
      (port): Question => ({
        interface: names[0] ?? '',
        source: formatAddress(family, source.sample),
        destination: sample,
        protocol,
        port: Number(port.sample),
      }),
    ),
  );
  const answers = replay.ask(questions);
  return cases.flatMap(({ names, texts, protocol }, index) => {
    const open = ports.filter((_, at) => answers[index * ports.length + at]);
    const ranges = merge(open.flatMap(({ spans }) => spans)).map(({ first, last }) =>
      first === last ? `${first}` : `${first}-${last}`,
    );
    return names.flatMap((name) =>
      texts.flatMap((text) => ranges.map((range) => `"${name}" . ${text} . ${protocol} . ${range}`)),
    );
  });
}
