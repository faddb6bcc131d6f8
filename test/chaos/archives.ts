import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

/** A tar with these files. */
export async function tarOf(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name, mode: 0o755 }, content);
  tar.finalize();
  return buffer(tar);
}

/** Bytes that nothing compresses. */
export const noise = (size: number): Buffer => randomBytes(size);

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** What `docker save` wrote before it wrote OCI layouts too. Each layer holds its files. */
export async function dockerArchive(
  reference: string,
  layers: readonly Readonly<Record<string, string | Buffer>>[],
): Promise<Buffer> {
  const tars = await Promise.all(layers.map(tarOf));
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['true'] },
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => `sha256:${sha256(tar)}`) },
  });
  const names = tars.map((tar) => `${sha256(tar)}/layer.tar`);
  const manifest = [{ Config: `${sha256(config)}.json`, RepoTags: [reference], Layers: names }];
  return tarOf({
    [`${sha256(config)}.json`]: config,
    ...Object.fromEntries(tars.map((tar, index) => [names[index], tar])),
    'manifest.json': JSON.stringify(manifest),
  });
}
