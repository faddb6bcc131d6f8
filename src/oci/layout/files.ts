import { invalid } from '#lib/errors';
import { algorithmOf, type Digest, hexOf } from '#oci/digest';
import { type Index, isIndex, parseManifest } from '#oci/image';

// image-layout.md: the files of a layout.
/** The marker file. */
export const LAYOUT_FILE = 'oci-layout';
export const LAYOUT_MARKER = '{"imageLayoutVersion":"1.0.0"}';
export const INDEX_FILE = 'index.json';

/** `blobs/sha256/<hex>` */
export const blobPath = (digest: Digest): string => `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;

/** @throws invalid */
export function checkMarker(content: Uint8Array): void {
  const version = /"imageLayoutVersion"\s*:\s*"([^"]*)"/.exec(Buffer.from(content).toString())?.[1];
  if (version === undefined)
    throw invalid(`${LAYOUT_FILE} has no imageLayoutVersion: this is no OCI image layout`);
  if (!version.startsWith('1.')) throw invalid(`OCI image layout version ${version} is not supported`);
}

/** @throws invalid */
export function parseLayoutIndex(content: Uint8Array): Index {
  const index = parseManifest(content);
  if (!isIndex(index)) throw invalid(`${INDEX_FILE} is no image index`);
  return index;
}
