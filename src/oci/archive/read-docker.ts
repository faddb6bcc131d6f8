import { invalid } from '#lib/errors';
import {
  type Descriptor,
  encodeDocument,
  layerType,
  type Manifest,
  MediaType,
  parseImageConfig,
} from '#oci/image';
import { parseReference, type Reference } from '#oci/reference';
import type { ArchiveImage } from './archive.ts';
import type { Contents } from './contents.ts';
import type { Member, Members } from './members.ts';

/** One image in docker's manifest.json: names of members. */
export interface SavedImage {
  readonly config: string;
  readonly tags: readonly Reference[];
  readonly layers: readonly string[];
}

/** @throws invalid */
export function parseSavedImages(content: Buffer): SavedImage[] {
  let images: unknown;
  try {
    images = JSON.parse(content.toString());
  } catch (error) {
    throw invalid("the archive's manifest.json is not valid JSON", error);
  }
  if (!Array.isArray(images)) throw invalid("the archive's manifest.json must be a list of images");
  return images.map(readSavedImage);
}

function readSavedImage(image: unknown): SavedImage {
  const fields = typeof image === 'object' && image !== null ? (image as Record<string, unknown>) : {};
  const { Config: config, RepoTags: tags, Layers: layers } = fields;
  if (typeof config !== 'string') throw invalid("the archive's manifest.json has an image without Config");
  return { config, tags: strings(tags, 'RepoTags').map(parseReference), layers: strings(layers, 'Layers') };
}

function strings(value: unknown, field: string): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  const valid = value === null || value === undefined || Array.isArray(value);
  if (!valid || !list.every((item) => typeof item === 'string')) {
    throw invalid(`${field} in the archive's manifest.json must be a list of strings`);
  }
  return list;
}

/** Images of an archive without manifests: they are given one, so that they are content like any other. @throws invalid */
export async function readDockerImages(
  members: Members,
  contents: Contents,
  saved: readonly SavedImage[],
): Promise<ArchiveImage[]> {
  const images: ArchiveImage[] = [];
  for (const image of saved)
    images.push({ references: image.tags, root: await makeManifest(members, contents, image) });
  return images;
}

async function makeManifest(members: Members, contents: Contents, image: SavedImage): Promise<Descriptor> {
  const config = addMember(contents, required(members, image.config), MediaType.ociConfig);
  const { rootfs } = parseImageConfig(await contents.read(config));
  if (rootfs.diff_ids.length !== image.layers.length) {
    throw invalid(
      `invalid manifest, layers length mismatch: expected ${rootfs.diff_ids.length}, got ${image.layers.length}`,
    );
  }
  const layers = image.layers.map((name) => {
    const member = required(members, name);
    return addMember(contents, member, layerType(member.compression));
  });
  const manifest: Manifest = { schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers };
  return contents.addDocument(manifest.mediaType, encodeDocument(manifest));
}

function required(members: Members, name: string): Member {
  const member = members.find(name);
  if (member === undefined)
    throw invalid(`the archive is incomplete: "${name}", which its manifest.json names, is not in it`);
  return member;
}

function addMember(contents: Contents, member: Member, mediaType: string): Descriptor {
  const descriptor = { mediaType, digest: member.digest, size: member.size };
  contents.addMember(descriptor, member);
  return descriptor;
}
