import { invalid, unsupported } from '#lib/errors';
import { defined, UntrustedValue } from './json.ts';
import { isIndexType, isManifestType, MediaType } from './media-types.ts';
import type { Platform } from './platform.ts';
import type { Descriptor, Index, Manifest } from './types.ts';

/** Most bytes of a manifest or index: what registries must accept (distribution spec, "Pushing Manifests"). */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

export const isIndex = (document: Manifest | Index): document is Index => 'manifests' in document;

/**
 * Reads a manifest or index that nobody has checked.
 * @param mediaType what the registry or the descriptor called it; the document must not contradict it
 * @throws invalid; unsupported for Docker's schema 1
 */
export function parseManifest(content: Uint8Array, mediaType?: string): Manifest | Index {
  const document = UntrustedValue.parse(content, MAX_MANIFEST_BYTES, 'manifest');
  const type = agreedType(document, mediaType);
  // A document that is both could be read one way by who checks it and the other way by who runs it.
  if (
    document.field('manifests').present &&
    (document.field('layers').present || document.field('config').present)
  ) {
    throw invalid('manifest is ambiguous: it has both "manifests" and "config" or "layers"');
  }
  return isIndexType(type) ? readIndex(document, type) : readManifest(document, type);
}

function agreedType(document: UntrustedValue, promised: string | undefined): string {
  const version = document.field('schemaVersion').integer();
  const declared = document.field('mediaType').string() || undefined;
  const schema1 = [declared, promised].some(
    (type) => type === MediaType.dockerSchema1 || type === MediaType.dockerSchema1Signed,
  );
  if (schema1 || version === 1) {
    throw unsupported(
      'Docker image manifest version 2, schema 1 is not supported: build or push the image again with a current tool, which writes schema 2 or OCI',
    );
  }
  if (version !== 2) throw invalid(`manifest.schemaVersion must be 2, not ${version}`);
  const known = [declared, promised].filter(
    (type) => type !== undefined && (isIndexType(type) || isManifestType(type)),
  );
  if (declared !== undefined && !known.includes(declared))
    throw invalid(`unsupported manifest media type: ${declared}`);
  if (known.length === 2 && known[0] !== known[1]) {
    throw invalid(`manifest says it is ${known[0]}, but was announced as ${known[1]}`);
  }
  return known[0] ?? (document.field('manifests').present ? MediaType.ociIndex : MediaType.ociManifest);
}

function readIndex(document: UntrustedValue, mediaType: string): Index {
  const manifests = document.field('manifests');
  return {
    schemaVersion: 2,
    mediaType,
    ...readCommon(document),
    manifests: manifests.required(manifests.list()).map(readDescriptor),
  };
}

function readManifest(document: UntrustedValue, mediaType: string): Manifest {
  const config = document.field('config');
  const layers = document.field('layers');
  return {
    schemaVersion: 2,
    mediaType,
    ...readCommon(document),
    config: readDescriptor(config),
    layers: layers.required(layers.list()).map(readDescriptor),
  };
}

const readCommon = (document: UntrustedValue) =>
  defined({
    artifactType: document.field('artifactType').string(),
    subject: document.field('subject').present ? readDescriptor(document.field('subject')) : undefined,
    annotations: document.field('annotations').stringMap(),
  });

function readDescriptor(value: UntrustedValue): Descriptor {
  const size = value.field('size');
  const bytes = size.required(size.integer());
  if (bytes < 0) throw invalid(`manifest has a descriptor of negative size: ${bytes}`);
  const digest = value.field('digest');
  const mediaType = value.field('mediaType');
  return defined({
    mediaType: mediaType.required(mediaType.string()),
    digest: digest.required(digest.digest()),
    size: bytes,
    platform: value.field('platform').present ? readPlatform(value.field('platform')) : undefined,
    annotations: value.field('annotations').stringMap(),
    artifactType: value.field('artifactType').string(),
    urls: value.field('urls').strings(),
  });
}

/** `os` and `architecture` may be empty in images that are for no machine (such as attestations: `unknown/unknown`). */
export const readPlatform = (value: UntrustedValue): Platform =>
  defined({
    os: value.field('os').string() ?? '',
    architecture: value.field('architecture').string() ?? '',
    variant: value.field('variant').string() || undefined,
    'os.version': value.field('os.version').string() || undefined,
    'os.features': value.field('os.features').strings(),
  });

/** The bytes of a document, as they are hashed and stored. */
export const encodeDocument = (document: object): Buffer => Buffer.from(JSON.stringify(document));
