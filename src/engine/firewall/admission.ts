import type { Element } from './element.ts';

/** Sources that the host's firewall treats alike, and what it lets in from them. */
export interface SourceGroup {
  /** `192.0.2.1` or `192.0.2.1-192.0.2.9` */
  readonly sources: readonly string[];
  /** `"eth0" . 0.0.0.0/0 . tcp . 80-443`: interface, address of the host, protocol, ports. */
  readonly allowed: readonly string[];
}

/** Who may come in to published ports: the first group is that of all sources that are in no other. */
export interface Admission {
  readonly four: readonly SourceGroup[];
  readonly six: readonly SourceGroup[];
}

/** Nobody from outside. */
export const NOBODY: Admission = {
  four: [{ sources: [], allowed: [] }],
  six: [{ sources: [], allowed: [] }],
};

/** Groups of sources that need rules of their own, of the family that has more. */
export const groupCount = ({ four, six }: Admission): number => Math.max(four.length, six.length, 1);

/** Whether there is anybody who may come in at a port. */
export const letsIn = (
  { four, six }: Admission,
  { protocol, port }: { readonly protocol: string; readonly port: number },
): boolean =>
  [...four, ...six].some(({ allowed }) =>
    allowed.some((key) => {
      const [, , of, ports = ''] = key.split(' . ');
      const [first = 0, last = first] = ports.split('-').map(Number);
      return of === protocol && first <= port && port <= last;
    }),
  );

/** What an admission adds to the sets of the table. */
export const elementsOfAdmission = (admission: Admission): Element[] => [
  ...admission.four.flatMap((group, index) => elementsOfGroup(4, group, index)),
  ...admission.six.flatMap((group, index) => elementsOfGroup(6, group, index)),
];

function elementsOfGroup(family: 4 | 6, { sources, allowed }: SourceGroup, index: number): Element[] {
  return [
    ...allowed.map((key) => ({ set: `allowed${family}_${index}`, key })),
    // A hash for the many single addresses of a block list; blocks cost the kernel and nft much more.
    ...sources.map((source) => ({
      set: `${source.includes('-') ? 'sources' : 'source'}${family}`,
      key: source,
      value: `goto from${family}_${index}`,
    })),
  ];
}
