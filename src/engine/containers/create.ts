import { hostname as hostHostname } from 'node:os';
import type { Image } from '#engine/images';
import { validateLogConfig } from '#engine/logs';
import { cancelled, invalid } from '#lib/errors';
import { newId, shortId } from '#lib/ids';
import { Scope } from '#lib/scope';
import type { Context } from './context.ts';
import { createVolumes } from './create-volumes.ts';
import { DEFAULT_CONFIG, DEFAULT_HOST_CONFIG, NO_LIMITS } from './defaults.ts';
import { initialEndpoints } from './endpoints.ts';
import { generateName } from './generate-name.ts';
import { completeHostConfig } from './host-config.ts';
import { findMountedImages, prepareImageMounts } from './image-mounts.ts';
import { resolveLinks } from './links.ts';
import { commandLine, mergeConfig } from './merge.ts';
import { planMounts } from './mounts.ts';
import { newRecord } from './new-record.ts';
import type { ContainerConfig, ContainerRecord, EndpointSpec, HostConfig, Resources } from './record.ts';
import { unpackedLayers } from './unpacked-layers.ts';
import { chooseIds } from './user-namespace.ts';
import { checkName, validate } from './validate.ts';
import { joined } from './validate-network.ts';

/** What is left out is as in `defaults.ts`. */
export interface CreateRequest {
  /** Default: one is made up. */
  readonly name?: string;
  /** `os/architecture[/variant]` of the image. */
  readonly platform?: string;
  readonly config: Partial<ContainerConfig> & Pick<ContainerConfig, 'image'>;
  readonly hostConfig?: Partial<Omit<HostConfig, 'resources'>> & { readonly resources?: Partial<Resources> };
  readonly endpoints?: readonly EndpointSpec[];
  /** Read-only binds leave what is mounted below them writable unless they say otherwise. */
  readonly readOnlyNonRecursive?: boolean;
  /** A step of a build: it stands on these layers instead of an image, and no list shows it. */
  readonly build?: {
    /** Chain ids, top first. */
    readonly layers: readonly string[];
  };
}

/**
 * Makes a container that can be started. All or nothing.
 * @throws notFound (`No such image: x`), invalid, conflict for a name in use
 */
export async function create(
  context: Context,
  request: CreateRequest,
  signal?: AbortSignal,
): Promise<{ id: string; warnings: string[] }> {
  const image = request.build ? undefined : findImage(context, request);
  context.options.runtimes.expectStart();
  const id = newId();
  const asked = withDefaults(request);
  const merged = image ? mergeConfig(asked.config, image.config) : asked.config;
  validate(merged, asked.hostConfig, asked.endpoints, {
    runtimes: context.options.runtimes.names(),
    systemdCgroup: context.options.systemdCgroup,
    remaps: context.options.userns.remap !== undefined,
  });
  const config = { ...merged, hostname: hostname(merged, asked.hostConfig, id) };
  const { path, args } = commandLine(config);
  const { hostConfig, warnings } = completeHostConfig(context, asked.hostConfig);
  validateLogConfig(hostConfig.logConfig);
  const find = (reference: string) => context.store.get(reference);
  const plan = findMountedImages(
    context,
    planMounts(config, hostConfig, find, { readOnlyNonRecursive: request.readOnlyNonRecursive }),
  );
  const name = request.name
    ? checkName(request.name)
    : generateName((candidate) => context.store.hasName(candidate));
  using _reservation = context.store.reserve(name, id);
  using ids = chooseIds(context, hostConfig);
  await using scope = new Scope();
  const layers = image ? await unpackedLayers(context, image, signal) : (request.build?.layers ?? []);
  scope.defer(() => context.options.snapshots.remove(id));
  await context.options.snapshots.prepare(id, layers, { idMap: ids.idMap });
  const withImages = await prepareImageMounts(context, id, plan, { idMap: ids.idMap, scope, signal });
  const mounts = plan.length > 0 ? await createVolumes(context, id, withImages, scope) : [];
  if (signal?.aborted) throw cancelled('the create was cancelled');
  const record: ContainerRecord = {
    ...newRecord(context, { id, name, image, layers, config, hostConfig }),
    links: resolveLinks(context, hostConfig),
    endpoints: initialEndpoints(context.options.networks, config, hostConfig, asked.endpoints),
    path,
    args,
    mounts,
    idMap: ids.idMap,
    ...(request.build && { purpose: 'build' as const }),
  };
  context.store.insert(record);
  scope.keep();
  const closed = publishes(hostConfig) ? context.options.networks.portWarnings(hostConfig.portBindings) : [];
  return { id, warnings: [...warnings, ...closed, ...(image ? platformWarnings(request, image) : [])] };
}

export function withDefaults({
  config,
  hostConfig = {},
  endpoints = [],
}: Pick<CreateRequest, 'config' | 'hostConfig' | 'endpoints'>): Pick<
  ContainerRecord,
  'config' | 'hostConfig' | 'endpoints'
> {
  return {
    config: { ...DEFAULT_CONFIG, ...config },
    hostConfig: {
      ...DEFAULT_HOST_CONFIG,
      ...hostConfig,
      resources: { ...NO_LIMITS, ...hostConfig.resources },
    },
    endpoints,
  };
}

export function findImage(
  context: Context,
  { config, platform }: Pick<CreateRequest, 'config' | 'platform'>,
): Image {
  if (config.image === '') throw invalid('invalid reference format: no image was named');
  return context.options.images.get(config.image, platform ? { platform } : {});
}

/** The name of a container that is joined comes with its network, at each start. */
function hostname({ hostname: asked }: ContainerConfig, host: HostConfig, id: string): string {
  if (asked !== '' || joined(host.networkMode) !== undefined) return asked;
  return host.networkMode === 'host' || host.utsMode === 'host' ? hostHostname() : shortId(id);
}

const ARCHITECTURES: Readonly<Partial<Record<string, string>>> = { x64: 'amd64', ia32: '386' };

const publishes = ({ networkMode }: HostConfig): boolean =>
  networkMode !== 'host' && networkMode !== 'none' && !networkMode.startsWith('container:');

function platformWarnings(request: CreateRequest, image: Image): string[] {
  const host = ARCHITECTURES[process.arch] ?? process.arch;
  if (request.platform || image.architecture === host || image.architecture === '') return [];
  const variant = image.variant ? `/${image.variant}` : '';
  return [
    `The requested image's platform (${image.os}/${image.architecture}${variant}) does not match the detected host platform (linux/${host}) and no specific platform was requested`,
  ];
}
