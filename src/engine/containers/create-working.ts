import { EMPTY_CONFIG, type ImageConfig } from '#engine/images';
import { newId, shortId } from '#lib/ids';
import { Scope } from '#lib/scope';
import type { Context } from './context.ts';
import { findImage, withDefaults } from './create.ts';
import { initialEndpoints } from './endpoints.ts';
import { DEFAULT_PATH } from './environment.ts';
import { completeHostConfig } from './host-config.ts';
import { newRecord } from './new-record.ts';
import type { ContainerRecord } from './record.ts';
import { unpackedLayers } from './unpacked-layers.ts';
import { chooseIds } from './user-namespace.ts';
import { checkName } from './validate.ts';
import { WORKING_LABEL, workingName } from './working.ts';

export interface CreateWorkingRequest {
  /** `scratch`: nothing. */
  readonly image: string;
  /** Default: the image's, with `-working-container` behind it, and a number where that is taken. */
  readonly name?: string;
  readonly platform?: string;
}

/**
 * A container that an image is made in, command by command. It has the image's files and configuration, and no
 * volumes of its own: what a command writes where the image has a volume is part of the result.
 * @throws notFound (`No such image: x`), invalid, conflict for a name in use
 */
export async function createWorking(
  context: Context,
  { image: from, name: wanted, platform }: CreateWorkingRequest,
  signal?: AbortSignal,
): Promise<{ id: string; name: string }> {
  const image =
    from === 'scratch'
      ? undefined
      : findImage(context, { config: { image: from }, ...(platform && { platform }) });
  const id = newId();
  const asked = withDefaults({ config: { image: from } });
  const { hostConfig } = completeHostConfig(context, asked.hostConfig);
  const config = {
    ...asked.config,
    hostname: shortId(id),
    labels: { [WORKING_LABEL]: from },
  };
  const name = wanted ? checkName(wanted) : workingName(from, (taken) => context.store.hasName(taken));
  using _reservation = context.store.reserve(name, id);
  using ids = chooseIds(context, hostConfig);
  await using scope = new Scope();
  const layers = image ? await unpackedLayers(context, image, signal) : [];
  scope.defer(() => context.options.snapshots.remove(id));
  await context.options.snapshots.prepare(id, layers, { idMap: ids.idMap });
  signal?.throwIfAborted();
  const record: ContainerRecord = {
    ...newRecord(context, { id, name, image, layers, config, hostConfig }),
    endpoints: initialEndpoints(context.options.networks, config, hostConfig, []),
    path: '',
    args: [],
    mounts: [],
    idMap: ids.idMap,
    working: { config: initialConfig(image?.config ?? EMPTY_CONFIG), mountPoints: [] },
  };
  context.store.insert(record);
  scope.keep();
  return { id, name };
}

/** As a build begins: commands are looked for somewhere, and triggers are not handed on. */
const initialConfig = (config: ImageConfig): ImageConfig => ({
  ...config,
  env: config.env.some((entry) => entry.startsWith('PATH=')) ? config.env : [DEFAULT_PATH, ...config.env],
  onBuild: undefined,
});
