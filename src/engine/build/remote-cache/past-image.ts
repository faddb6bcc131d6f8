import type { ForeignContent } from '#engine/images';
import {
  type ImageConfig,
  isIndex,
  matchesPlatform,
  type Platform,
  parseImageConfig,
  parseManifest,
} from '#oci/image';
import type { RemoteLayer } from './config.ts';

/** An image that says nothing of results but what its history shows: `docker build --cache-from` takes it, too. */
export interface PastImage {
  readonly content: ForeignContent;
  readonly lines: readonly PastLine[];
  readonly layers: readonly RemoteLayer[];
}

interface PastLine {
  readonly text: string;
  /** Layers up to it. */
  readonly layers: number;
  /** RFC 3339. */
  readonly created: string;
}

/** The image of a platform that lies there; undefined when there is none. @throws invalid */
export async function readPastImage(
  content: ForeignContent,
  platform: Platform,
): Promise<PastImage | undefined> {
  let document = parseManifest(await content.read(content.root), content.root.mediaType);
  if (isIndex(document)) {
    const child = document.manifests.find(
      (each) => each.platform && matchesPlatform(platform, each.platform),
    );
    if (!child) return undefined;
    document = parseManifest(await content.read(child), child.mediaType);
    if (isIndex(document)) return undefined;
  }
  const config = parseImageConfig(await content.read(document.config));
  if (!matchesPlatform(platform, config)) return undefined;
  const { layers: blobs } = document;
  const layers = config.rootfs.diff_ids.flatMap((diffId, index): RemoteLayer[] => {
    const blob = blobs[index];
    return blob ? [{ diffId, blob }] : [];
  });
  return { content, lines: linesOf(config), layers };
}

function linesOf({ history = [] }: ImageConfig): PastLine[] {
  let layers = 0;
  return history.map(({ created_by: text = '', created = '', empty_layer: empty }) => {
    if (!empty) layers++;
    return { text: plainLine(text), layers, created };
  });
}

/**
 * What a line of history says, whoever wrote it: `/bin/sh -c #(nop)  ENV a=b` of the classic builder is BuildKit's
 * `ENV a=b`, `/bin/sh -c make` is its `RUN /bin/sh -c make # buildkit`. Of what files were copied it says nothing that
 * both agree on: these are compared themselves.
 */
export function plainLine(text: string): string {
  const line = text
    .replace(/^(?:\|\d+ .*?)?\/bin\/sh -c #\(nop\)\s+/s, '')
    .replace(/ # buildkit$/, '')
    .replace(/^RUN /, '')
    .trim();
  return /^(?:COPY|ADD) /.test(line) ? FILES : line;
}

const FILES = 'COPY';
