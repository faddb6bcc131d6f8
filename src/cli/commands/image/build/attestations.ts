import { Exit } from '../../../errors.ts';
import { csvFields } from '../../../flags/csv.ts';
import { splitPair } from '../../../flags/flag.ts';

interface Said {
  readonly attest: readonly string[];
  readonly provenance: string;
  readonly sbom: string;
}

/** `--attest type=…`, and its short forms, which win: attributes by type. @throws Exit */
export function attestations({ attest, provenance, sbom }: Said): Record<string, string> {
  const wanted = new Map(attest.map(parse));
  const short = { provenance, sbom };
  for (const [type, text] of Object.entries(short)) {
    if (text === '') continue;
    if (text === 'false' || text === '0') wanted.delete(type);
    else wanted.set(type, text === 'true' || text === '1' ? '' : text);
  }
  return Object.fromEntries([...wanted].filter(([, text]) => !text.split(',').includes('disabled=true')));
}

function parse(text: string): [string, string] {
  const fields = csvFields(text);
  const [type] = fields.flatMap((field) => {
    const [key, value] = splitPair(field);
    return key === 'type' ? [value] : [];
  });
  if (!type) throw new Exit(1, `invalid attestation "${text}": type is required, such as type=provenance`);
  return [type, fields.filter((field) => !field.startsWith('type=')).join(',')];
}
