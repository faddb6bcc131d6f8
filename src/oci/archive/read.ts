import { invalid, unsupported } from '#lib/errors';
import { INDEX_FILE, LAYOUT_FILE } from '#oci/layout';
import type { Archive } from './archive.ts';
import { Contents } from './contents.ts';
import { MANIFEST_FILE, Members, REPOSITORIES_FILE, type Spool } from './members.ts';
import { parseSavedImages, readDockerImages } from './read-docker.ts';
import { readLayoutImages } from './read-layout.ts';

/**
 * Reads an image archive: docker-archive (old and new) or OCI layout in a tar, plain, gzip or zstd.
 * Members come in any order, so all are stored through `spool` first. What is not an image is never kept:
 * an error leaves it to the caller to drop what was stored.
 * @throws invalid; unsupported for images from before Docker 1.10
 */
export async function readArchive(
  source: AsyncIterable<Uint8Array>,
  spool: Spool,
  signal?: AbortSignal,
): Promise<Archive> {
  const members = await Members.read(source, spool, signal);
  const contents = new Contents();
  const manifest = members.table(MANIFEST_FILE);
  const saved = manifest === undefined ? [] : parseSavedImages(manifest);
  const isLayout = members.table(LAYOUT_FILE) !== undefined && members.table(INDEX_FILE) !== undefined;
  if (!isLayout && manifest === undefined) throw unrecognized(members);
  const images = isLayout
    ? await readLayoutImages(members, contents, saved)
    : await readDockerImages(members, contents, saved);
  return { images, blobs: contents.blobs, open: (digest) => contents.open(digest) };
}

function unrecognized(members: Members) {
  if (members.table(REPOSITORIES_FILE) !== undefined) {
    return unsupported(
      'the archive is from before Docker 1.10 and has no manifest.json: save the image again with a current tool',
    );
  }
  return invalid('unrecognized image format: the archive has neither a manifest.json nor an OCI index.json');
}
