import { invalid } from '#lib/errors';
import { type Digest, digestOf } from '#oci/digest';
import { defined, UntrustedValue } from './json.ts';
import { readPlatform } from './manifest.ts';
import type { Healthcheck, History, ImageConfig, RunConfig } from './types.ts';

export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
/** More would not fit any union mount; images in use have at most 127. */
const MAX_LAYERS = 4096;

/** Reads an image configuration that nobody has checked. @throws invalid */
export function parseImageConfig(content: Uint8Array): ImageConfig {
  const document = UntrustedValue.parse(content, MAX_CONFIG_BYTES, 'image config');
  const rootfs = document.field('rootfs');
  if (!rootfs.present) throw invalid('image config has no rootfs: this is no container image');
  const type = rootfs.field('type').string();
  if (type !== 'layers')
    throw invalid(`image config.rootfs.type must be "layers", not ${JSON.stringify(type)}`);
  const diffIds = rootfs.field('diff_ids').list() ?? [];
  if (diffIds.length > MAX_LAYERS)
    throw invalid(`image config has ${diffIds.length} layers, the limit is ${MAX_LAYERS}`);
  return defined({
    ...readPlatform(document),
    created: document.field('created').string() || undefined,
    author: document.field('author').string() || undefined,
    config: document.field('config').present ? readRunConfig(document.field('config')) : undefined,
    rootfs: { type: 'layers' as const, diff_ids: diffIds.map((item) => item.required(item.digest())) },
    history: document.field('history').list()?.map(readHistory),
    docker_version: document.field('docker_version').string() || undefined,
    comment: document.field('comment').string() || undefined,
  });
}

/** The `config` member of an image configuration, which `docker commit` and the API also speak. @throws invalid */
export const readRunConfig = (value: UntrustedValue): RunConfig =>
  defined({
    Hostname: value.field('Hostname').string() || undefined,
    Domainname: value.field('Domainname').string() || undefined,
    User: value.field('User').string() || undefined,
    ExposedPorts: value.field('ExposedPorts').keySet(),
    Env: value.field('Env').strings(),
    Entrypoint: commandLine(value.field('Entrypoint')),
    Cmd: commandLine(value.field('Cmd')),
    ArgsEscaped: value.field('ArgsEscaped').boolean(),
    Volumes: value.field('Volumes').keySet(),
    WorkingDir: value.field('WorkingDir').string() || undefined,
    Labels: value.field('Labels').stringMap(),
    StopSignal: value.field('StopSignal').string() || undefined,
    StopTimeout: value.field('StopTimeout').integer(),
    Healthcheck: value.field('Healthcheck').present ? readHealthcheck(value.field('Healthcheck')) : undefined,
    OnBuild: value.field('OnBuild').strings(),
    Shell: value.field('Shell').strings(),
  });

/** Some builders write a lone string, which Docker reads as a list of one. */
function commandLine(value: UntrustedValue): readonly string[] | undefined {
  try {
    return value.strings();
  } catch (error) {
    const line = value.present ? tryString(value) : undefined;
    if (line === undefined) throw error;
    return [line];
  }
}

function tryString(value: UntrustedValue): string | undefined {
  try {
    return value.string();
  } catch {
    return undefined;
  }
}

const readHealthcheck = (value: UntrustedValue): Healthcheck =>
  defined({
    Test: value.field('Test').strings(),
    Interval: value.field('Interval').integer(),
    Timeout: value.field('Timeout').integer(),
    StartPeriod: value.field('StartPeriod').integer(),
    StartInterval: value.field('StartInterval').integer(),
    Retries: value.field('Retries').integer(),
  });

const readHistory = (value: UntrustedValue): History =>
  defined({
    created: value.field('created').string() || undefined,
    created_by: value.field('created_by').string() || undefined,
    author: value.field('author').string() || undefined,
    comment: value.field('comment').string() || undefined,
    empty_layer: value.field('empty_layer').boolean() || undefined,
  });

/**
 * What identifies a stack of layers (config.md, "Layer ChainID"): element n stands for layers 0..n.
 * The last one names the whole root file system.
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}
