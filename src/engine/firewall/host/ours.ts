/** What on the host is an engine's own and no part of the host's firewall. */
export interface Ours {
  /** Our table. */
  readonly table: string;
  /** Our bridges. */
  readonly interfaces: readonly string[];
}

/** Tables of all engines: what another one publishes is no rule of the host either. */
export const isOurTable =
  ({ table }: Pick<Ours, 'table'>) =>
  (name: string): boolean =>
    name === table || /^berth(-[0-9a-f]{6,8})?$/.test(name);

export const isOurInterface =
  ({ interfaces }: Ours) =>
  (name: string): boolean =>
    interfaces.includes(name);

/** The text that our rule in a chain of the host carries. */
export const commentOf = (table: string): string => `accepted in table inet ${table}`;
