import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { run } from './peer.ts';

/** A docker archive of a whole Debian made from its packages; kept in the cache directory. */
export async function debianArchive(cache: string): Promise<{ archive: string; tar: string }> {
  const archive = `${cache}/debian.docker.tar`;
  const tar = `${cache}/debian.tar`;
  if (existsSync(archive) && existsSync(tar)) return { archive, tar };
  mkdirSync(cache, { recursive: true });
  const packages = 'perl,python3-minimal,git,vim-tiny,curl,build-essential';
  await run(['mmdebstrap', '--variant=minbase', `--include=${packages}`, 'bookworm', tar]);
  const layout = `${cache}/layout`;
  rmSync(layout, { recursive: true, force: true });
  await run(['umoci', 'init', '--layout', layout]);
  await run(['umoci', 'new', '--image', `${layout}:bench`]);
  await run(['umoci', 'raw', 'add-layer', '--image', `${layout}:bench`, tar]);
  await run(['skopeo', 'copy', '--quiet', `oci:${layout}:bench`, `docker-archive:${archive}:debian:bench`]);
  rmSync(layout, { recursive: true });
  return { archive, tar };
}
