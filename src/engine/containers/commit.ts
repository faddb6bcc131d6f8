import type { ImageConfig } from '#engine/images';
import { conflict, isKind } from '#lib/errors';
import { familiarName, parseReference, withDefaultTag } from '#oci/reference';
import type { Context } from './context.ts';
import { DEFAULT_CONFIG } from './defaults.ts';
import { mergeConfig } from './merge.ts';
import { pause, unpause } from './pause.ts';
import type { ContainerConfig, ContainerRecord } from './record.ts';
import { MOUNT_POINTS } from './spec-mounts.ts';

export interface CommitOptions {
  readonly repository?: string;
  readonly tag?: string;
  readonly author: string;
  readonly comment: string;
  /** Freeze it while it is read. */
  readonly pause: boolean;
  /** Dockerfile instructions: `CMD ["x"]`, `ENV a=b`. */
  readonly changes: readonly string[];
  /** Laid over the container's own configuration, as a container's is over its image's. */
  readonly config?: Partial<ContainerConfig>;
  /** One layer, with all files, on no other image. */
  readonly squash?: boolean;
}

/**
 * A new image: the container's image and what it wrote since. Volumes are not part of it.
 * @throws notFound, conflict, invalid
 */
export async function commit(context: Context, reference: string, options: CommitOptions): Promise<string> {
  const record = context.store.get(reference);
  if (record.state.status === 'removing' || record.state.status === 'dead') {
    throw conflict(`You cannot commit container ${record.id} which is ${record.state.status}`);
  }
  const { images, snapshots } = context.options;
  const asked = { ...DEFAULT_CONFIG, image: '', ...options.config };
  const own = record.working?.config ?? imageConfig(record.config);
  const merged = imageConfig(mergeConfig(asked, own));
  // A container has no triggers of its image's; those of a working container are the new image's.
  const onBuild = merged.onBuild ?? record.working?.config.onBuild;
  const config = images.applyChanges({ ...merged, onBuild }, options.changes);
  await using _frozen = await freeze(context, record, options.pause);
  const name = options.repository && `${options.repository}${options.tag ? `:${options.tag}` : ''}`;
  const image = await images.commit({
    ...(options.squash
      ? { parent: undefined, layer: snapshots.exportTree(record.id, await madeToMountOn(context, record)) }
      : {
          parent: record.imageId || undefined,
          layer: snapshots.exportChanges(record.id, mountPointsOf(record)),
        }),
    config,
    author: options.author,
    comment: options.comment,
    createdBy: [record.path, ...record.args].join(' '),
    ...(name && { reference: name }),
  });
  context.store.announce(record, {
    action: 'commit',
    attributes: {
      comment: options.comment,
      imageID: image.id,
      imageRef: name ? familiarName(withDefaultTag(parseReference(name))) : '',
    },
  });
  return image.id;
}

const mountPointsOf = ({ working }: ContainerRecord): readonly string[] => [
  ...MOUNT_POINTS,
  ...(working?.mountPoints ?? []),
];

/** What a layer of the changes alone would leave out, too. */
async function madeToMountOn({ options }: Context, record: ContainerRecord): Promise<string[]> {
  const all = await options.snapshots.changes(record.id);
  const kept = await options.snapshots.changes(record.id, mountPointsOf(record));
  const paths = new Set(kept.map(({ path }) => path));
  return all.flatMap(({ path, kind }) => (kind === 'added' && !paths.has(path) ? [path.slice(1)] : []));
}

/** Paused until disposed; a container that does not run, or is paused already, stays as it is. */
async function freeze(context: Context, record: ContainerRecord, wanted: boolean): Promise<AsyncDisposable> {
  if (!wanted || record.state.status !== 'running') return { [Symbol.asyncDispose]: async () => {} };
  try {
    await pause(context, record.id);
  } catch (error) {
    // An engine without cgroups: it is read as it runs, as with --pause=false.
    if (!isKind(error, 'unsupported')) throw error;
    return { [Symbol.asyncDispose]: async () => {} };
  }
  return {
    async [Symbol.asyncDispose]() {
      if (context.store.byId(record.id)?.state.status === 'paused') await unpause(context, record.id);
    },
  };
}

const imageConfig = (config: ContainerConfig): ImageConfig => ({
  user: config.user,
  exposedPorts: config.exposedPorts,
  env: config.env,
  entrypoint: config.entrypoint,
  cmd: config.cmd,
  volumes: config.volumes,
  workingDir: config.workingDir,
  labels: config.labels,
  stopSignal: config.stopSignal,
  shell: config.shell,
  healthcheck: config.healthcheck,
  onBuild: config.onBuild,
});
