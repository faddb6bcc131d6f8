/** An entry of a set or a map of our table. */
export interface Element {
  readonly set: string;
  readonly key: string;
  /** Of a map. */
  readonly value?: string;
}

/** Two elements of one name cannot be there at the same time. */
export const nameOf = ({ set, key }: Element): string => `${set} ${key}`;

/** Commands that add elements, one for each set. */
export const addScript = (table: string, elements: Iterable<Element>): string[] =>
  script('add', table, elements, ({ key, value }) => (value === undefined ? key : `${key} : ${value}`));

export const deleteScript = (table: string, elements: Iterable<Element>): string[] =>
  script('delete', table, elements, ({ key }) => key);

function script(
  verb: 'add' | 'delete',
  table: string,
  elements: Iterable<Element>,
  text: (element: Element) => string,
): string[] {
  const bySet = Map.groupBy(elements, ({ set }) => set);
  return [...bySet].map(
    ([set, members]) => `${verb} element inet ${table} ${set} { ${members.map(text).join(', ')} }`,
  );
}
