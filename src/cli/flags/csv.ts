import { invalid } from '#lib/errors';

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
