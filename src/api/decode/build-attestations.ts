import type { AttestOptions, ProvenanceOptions, SbomOptions } from '#engine/build';
import { invalid, unsupported } from '#lib/errors';
import { buildAttestations } from '#protocol';
import type { Query } from '../query.ts';
import { parseJson, validate } from '../validation.ts';
import { type Attributes, expectOnly, flagOf } from './attributes.ts';

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

function provenanceOptions(attributes: Attributes): ProvenanceOptions | undefined {
  expectOnly('attestation provenance', attributes, [
    'mode',
    'version',
    'builder-id',
    'reproducible',
    'inline-only',
    'filename',
    'disabled',
  ]);
  if (flagOf('attestation provenance', attributes, 'disabled')) return undefined;
  const mode = attributes.get('mode') ?? 'max';
  if (mode !== 'min' && mode !== 'max') throw invalid(`invalid provenance mode "${mode}": use min or max`);
  const version = attributes.get('version') ?? 'v1';
  if (version !== 'v1' && version !== 'v0.2')
    throw invalid(`invalid provenance version "${version}": use v1 or v0.2`);
  return {
    mode,
    version,
    builderId: attributes.get('builder-id') ?? '',
    reproducible: flagOf('attestation provenance', attributes, 'reproducible'),
    inlineOnly: flagOf('attestation provenance', attributes, 'inline-only'),
    filename: fileName(attributes.get('filename') ?? 'provenance.json'),
  };
}

function sbomOptions(attributes: Attributes): SbomOptions | undefined {
  expectOnly('attestation sbom', attributes, ['generator', 'filename', 'disabled']);
  if (flagOf('attestation sbom', attributes, 'disabled')) return undefined;
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

/** It lies in the root of what is written. */
function fileName(name: string): string {
  if (name === '' || name === '.' || name === '..' || name.includes('/'))
    throw invalid(`invalid file name "${name}" for an attestation`);
  return name;
}
