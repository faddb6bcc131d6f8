import type { AttestOptions, ProvenanceOptions, SbomOptions } from '#engine/build';
import { invalid, unsupported } from '#lib/errors';
import { buildAttestations } from '#protocol';
import type { Query } from '../query.ts';
import { parseJson, validate } from '../validation.ts';

/** `attests`, ours: JSON of `{"provenance":"mode=max","sbom":""}`. @throws invalid, unsupported */
export function attestOptions(query: Query): AttestOptions {
  const text = query.text('attests');
  if (text === '') return { provenance: undefined, sbom: undefined };
  return attestationsOf(new Map(Object.entries(validate(buildAttestations, parseJson(text) ?? {}))));
}

/** By type, as front ends of BuildKit get them (`attest:provenance`). @throws invalid, unsupported */
export function attestationsOf(wanted: ReadonlyMap<string, string>): AttestOptions {
  const unknown = [...wanted.keys()].find((type) => type !== 'provenance' && type !== 'sbom');
  if (unknown !== undefined) throw invalid(`unknown attestation type "${unknown}": use provenance or sbom`);
  const provenance = wanted.get('provenance');
  const sbom = wanted.get('sbom');
  return {
    provenance:
      provenance === undefined ? undefined : provenanceOptions(attributesOf('provenance', provenance)),
    sbom: sbom === undefined ? undefined : sbomOptions(attributesOf('sbom', sbom)),
  };
}

function provenanceOptions(attributes: ReadonlyMap<string, string>): ProvenanceOptions | undefined {
  expectOnly('provenance', attributes, [
    'mode',
    'version',
    'builder-id',
    'reproducible',
    'inline-only',
    'filename',
    'disabled',
  ]);
  if (flag('provenance', attributes, 'disabled')) return undefined;
  const mode = attributes.get('mode') ?? 'max';
  if (mode !== 'min' && mode !== 'max') throw invalid(`invalid provenance mode "${mode}": use min or max`);
  const version = attributes.get('version') ?? 'v1';
  if (version !== 'v1' && version !== 'v0.2')
    throw invalid(`invalid provenance version "${version}": use v1 or v0.2`);
  return {
    mode,
    version,
    builderId: attributes.get('builder-id') ?? '',
    reproducible: flag('provenance', attributes, 'reproducible'),
    inlineOnly: flag('provenance', attributes, 'inline-only'),
    filename: fileName(attributes.get('filename') ?? 'provenance.json'),
  };
}

function sbomOptions(attributes: ReadonlyMap<string, string>): SbomOptions | undefined {
  expectOnly('sbom', attributes, ['generator', 'filename', 'disabled']);
  if (flag('sbom', attributes, 'disabled')) return undefined;
  if (attributes.has('generator'))
    throw unsupported(
      'a generator image for the sbom is not supported: the builder looks for packages itself',
    );
  return { filename: fileName(attributes.get('filename') ?? 'sbom.spdx.json') };
}

/** `mode=max,reproducible=true`; a word alone is true. */
function attributesOf(type: string, text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const field of text.split(',').filter((each) => each !== '' && each !== 'true')) {
    const equals = field.indexOf('=');
    const name = equals < 0 ? field : field.slice(0, equals);
    if (name === '') throw invalid(`invalid attestation ${type}: "${field}" is not of the form key=value`);
    attributes.set(name, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  return attributes;
}

function expectOnly(type: string, attributes: ReadonlyMap<string, string>, known: readonly string[]): void {
  const unknown = [...attributes.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw invalid(`attestation ${type}: unknown attribute "${unknown}": use ${known.join(', ')}`);
}

function flag(type: string, attributes: ReadonlyMap<string, string>, name: string): boolean {
  const text = attributes.get(name) ?? 'false';
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw invalid(`attestation ${type}: ${name}="${text}" must be true or false`);
}

/** It lies in the root of what is written. */
function fileName(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/'))
    throw invalid(`invalid file name "${name}" for an attestation`);
  return name;
}
