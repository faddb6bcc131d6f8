/** Sources that the host's firewall treats alike, and what it lets in from them. */
export interface SourceGroup {
  /** `192.0.2.1` or `192.0.2.1-192.0.2.9` */
  readonly sources: readonly string[];
  /** `"eth0" . 0.0.0.0/0 . tcp . 80-443`: interface, address of the host, protocol, ports. */
  readonly allowed: readonly string[];
}

/** What the host's firewall lets in: the first group is that of all sources that are in no other. */
export interface Admission {
  readonly four: readonly SourceGroup[];
  readonly six: readonly SourceGroup[];
}

/** Nobody from outside. */
export const NOBODY: Admission = {
  four: [{ sources: [], allowed: [] }],
  six: [{ sources: [], allowed: [] }],
};
