import { invalid } from '#lib/errors';
import { splitPair } from './flag.ts';

/** One CSV record as Go reads it: fields may stand in double quotes. @throws invalid */
export function csvFields(text: string): string[] {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = field.exec(text);
    if (!match) throw invalid(`parse error in ${JSON.stringify(text)}: bare or unclosed quote`);
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') return fields;
  }
}

/** `type=local,"dest=a,b"` by its names. @throws invalid */
export const csvPairs = (text: string): Record<string, string> =>
  Object.fromEntries(csvFields(text).map((field) => splitPair(field.trim())));
