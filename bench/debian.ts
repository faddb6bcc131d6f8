import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';

/** The image's name. */
export const DEBIAN = 'debian:bench';

const PACKAGES = 'perl,python3-minimal,git,vim-tiny,curl,build-essential';
/** Its packages come over the network. */
const PATIENCE_MS = 600_000;

/** A whole Debian made from its packages, as a docker archive and as the tar of its layer; kept in a cache directory. */
export async function debianArchive(
  cache: string,
  all: AbortSignal,
): Promise<{ archive: string; tar: string }> {
  const archive = join(cache, 'debian.docker.tar');
  const tar = join(cache, 'debian.tar');
  if (existsSync(archive) && existsSync(tar)) return { archive, tar };
  const signal = AbortSignal.any([all, AbortSignal.timeout(PATIENCE_MS)]);
  const work = join(cache, 'making');
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const layer = join(work, 'debian.tar');
  const layout = join(work, 'layout');
  const made = join(work, 'debian.docker.tar');
  const steps = [
    ['mmdebstrap', '--quiet', '--variant=minbase', `--include=${PACKAGES}`, 'bookworm', layer],
    ['umoci', 'init', '--layout', layout],
    ['umoci', 'new', '--image', `${layout}:bench`],
    ['umoci', 'raw', 'add-layer', '--image', `${layout}:bench`, layer],
    ['skopeo', 'copy', '--quiet', `oci:${layout}:bench`, `docker-archive:${made}:${DEBIAN}`],
  ];
  for (const step of steps) await run(step, { signal });
  await rename(layer, tar);
  await rename(made, archive);
  await rm(work, { recursive: true });
  return { archive, tar };
}
