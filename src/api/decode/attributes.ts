import { invalid } from '#lib/errors';
import { parseBoolean } from './boolean.ts';

/** What a client says of something with a type: `type=local,src=…`. */
export type Attributes = ReadonlyMap<string, string>;

/** `of`: whose they are, in the words of the message. @throws invalid */
export function expectOnly(of: string, attributes: Attributes, known: readonly string[]): void {
  const unknown = [...attributes.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const hint = known.length > 0 ? `use ${known.join(', ')}` : 'it takes none';
  throw invalid(`${of}: unknown attribute "${unknown}": ${hint}`);
}

/** @throws invalid */
export function flagOf(of: string, attributes: Attributes, name: string, absent = false): boolean {
  const text = attributes.get(name);
  if (text === undefined) return absent;
  const value = parseBoolean(text);
  if (value === undefined) throw invalid(`${of}: ${name}="${text}" must be true or false`);
  return value;
}
