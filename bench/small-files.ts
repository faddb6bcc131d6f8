import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dockerArchive, tarOf } from '../src/engine/images/images.fixture.ts';

/** The image's name. */
export const SMALL_FILES = 'small-files:bench';

const FILES = 50_000;
const PER_DIRECTORY = 100;
const LARGEST = 4000;

/** An image whose only layer is tens of thousands of small files, as a docker archive and as the tar of its layer. */
export async function smallFilesArchive(cache: string): Promise<{ archive: string; tar: string }> {
  const archive = join(cache, 'small-files.docker.tar');
  const tar = join(cache, 'small-files.tar');
  if (existsSync(archive) && existsSync(tar)) return { archive, tar };
  await mkdir(cache, { recursive: true });
  const layer = tarOf(
    Array.from({ length: FILES }, (_, index) => ({
      path: `usr/share/${Math.floor(index / PER_DIRECTORY)}/${index}`,
      type: 'file',
      content: Buffer.alloc((index * 7919) % LARGEST, String(index)),
    })),
  );
  await writeWhole(tar, layer);
  await writeWhole(archive, dockerArchive([{ tags: [SMALL_FILES], layers: [layer] }]));
  return { archive, tar };
}

async function writeWhole(path: string, content: Buffer): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}
