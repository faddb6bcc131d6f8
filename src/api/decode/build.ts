import type { BuildOptions, PruneCacheOptions } from '#engine/build';
import { invalid } from '#lib/errors';
import { parsePlatform } from '#oci/image';
import { buildLabels, buildSecretsDocument, buildUlimits, decodeHeaderJson, type Schema } from '#protocol';
import type { BuildCall } from '../encode/build-inspection.ts';
import { BUILD_CACHE_FILTERS, buildCacheMatches } from '../filters/build-cache.ts';
import type { Query } from '../query.ts';
import { parseJson, validate } from '../validation.ts';
import { attestOptions } from './build-attestations.ts';
import {
  cacheSources,
  cacheTargets,
  type WantedCacheSource,
  type WantedCacheTarget,
} from './build-caches.ts';
import { namedContexts, type WantedContext } from './build-contexts.ts';
import { type WantedOutput, wantedOutputs } from './build-outputs.ts';
import { entitlementsOf } from './entitlements.ts';
import { timestamp } from './time.ts';

/** What of a build comes from the address of its request. */
export type BuildRequest = Pick<
  BuildOptions,
  | 'dockerfile'
  | 'squash'
  | 'target'
  | 'buildArgs'
  | 'labels'
  | 'platforms'
  | 'noCache'
  | 'pull'
  | 'network'
  | 'allow'
  | 'limits'
  | 'attest'
> & {
  readonly quiet: boolean;
  readonly outputs: readonly WantedOutput[];
  readonly cacheSources: readonly WantedCacheSource[];
  readonly cacheTargets: readonly WantedCacheTarget[];
  readonly named: ReadonlyMap<string, WantedContext>;
  /** A git repository or an archive, in place of files of the client. */
  readonly remote: string | undefined;
  /** The body has the Dockerfile alone; the client is asked for the rest. */
  readonly asked: boolean;
  /** Ids of the agents that the client offers. */
  readonly agents: ReadonlySet<string>;
};

/** A build whose files are asked of its client. */
export interface SessionBuildRequest extends BuildRequest {
  readonly buildId: string;
  readonly sessionId: string;
  /** The context comes as an archive with another request. */
  readonly uploaded: boolean;
}

/** @throws invalid naming the parameter, unsupported */
export function buildRequest(query: Query): BuildRequest {
  return common(query);
}

function common(query: Query): BuildRequest {
  const target = query.text('target');
  return {
    dockerfile: query.text('dockerfile') || 'Dockerfile',
    outputs: wantedOutputs(query),
    squash: query.flag('squash'),
    ...(target !== '' && { target }),
    buildArgs: buildArguments(query),
    labels: parameter(query, 'labels', buildLabels) ?? {},
    platforms: platformsOf(query),
    noCache: query.flag('nocache') || stagesWithoutCache(query),
    named: namedContexts(query),
    remote: query.text('remote') || undefined,
    asked: query.text('context') === 'asked',
    pull: query.flag('pull'),
    allow: entitlementsOf(query.all('allow').filter(Boolean)),
    agents: new Set(query.all('ssh').filter(Boolean)),
    network: networkOf(query.text('networkmode')),
    limits: limits(query),
    quiet: query.flag('q'),
    attest: attestOptions(query),
    cacheSources: cacheSources(query),
    cacheTargets: cacheTargets(query),
  };
}

/** Docker's is one; ours may be several, with commas between them. @throws invalid */
const platformsOf = (query: Query): BuildRequest['platforms'] =>
  query
    .all('platform')
    .flatMap((text) => text.split(','))
    .filter(Boolean)
    .map((text) => parsePlatform(text.trim()));

/** `nocachefilter`, ours: names of stages. */
function stagesWithoutCache(query: Query): boolean | ReadonlySet<string> {
  const names = query.all('nocachefilter').flatMap((text) => text.toLowerCase().split(','));
  return names.length > 0 && new Set(names.filter(Boolean));
}

/** `call`, ours: what is asked about the Dockerfile instead of building it. @throws invalid */
export function buildCall(query: Query): BuildCall | undefined {
  const call = query.text('call');
  if (call === '' || call === 'build') return undefined;
  if (call === 'check' || call === 'lint') return 'lint';
  if (call === 'outline' || call === 'targets') return call;
  throw invalid(`invalid call "${call}": use build, check, outline or targets`);
}

/** Of `POST /build?version=2`. @throws invalid, unsupported */
export function sessionBuildRequest(query: Query): SessionBuildRequest {
  const sessionId = query.text('session');
  if (sessionId === '')
    throw invalid('a build with BuildKit needs a session: the parameter session is missing');
  const remote = query.text('remote');
  const ofClient = ['', 'client-session', 'upload-request'].includes(remote);
  return {
    ...common(query),
    remote: ofClient ? undefined : remote,
    sessionId,
    buildId: query.text('buildid'),
    uploaded: remote === 'upload-request',
  };
}

/** Without a value an argument is the client's business: as if it were not given. */
function buildArguments(query: Query): Map<string, string> {
  const text = query.text('buildargs');
  const document = text === '' ? {} : parseJson(text);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw invalid('invalid buildargs: expected JSON of the form {"NAME":"value"}');
  }
  const entries = Object.entries(document).filter(([, value]) => value !== null);
  const wrong = entries.find(([, value]) => typeof value !== 'string');
  if (wrong) throw invalid(`invalid buildargs: the value of ${wrong[0]} must be a string`);
  return new Map(entries as [string, string][]);
}

function parameter<T>(query: Query, name: string, schema: Schema<T>): T | undefined {
  const text = query.text(name);
  if (text === '') return undefined;
  try {
    return validate(schema, parseJson(text) ?? schema.zero);
  } catch (error) {
    throw invalid(`invalid ${name}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function networkOf(mode: string): BuildRequest['network'] {
  if (mode === '' || mode === 'default' || mode === 'bridge') return 'default';
  if (mode === 'none' || mode === 'host') return mode;
  throw invalid(`network mode "${mode}" is not supported by the builder: use default, none or host`);
}

function limits(query: Query): BuildRequest['limits'] {
  return {
    memory: query.integer('memory') ?? 0,
    memorySwap: query.integer('memswap') ?? 0,
    cpuShares: query.integer('cpushares') ?? 0,
    cpuPeriod: query.integer('cpuperiod') ?? 0,
    cpuQuota: query.integer('cpuquota') ?? 0,
    cpusetCpus: query.text('cpusetcpus'),
    cpusetMems: query.text('cpusetmems'),
    shmSize: query.integer('shmsize') ?? 0,
    ulimits: (parameter(query, 'ulimits', buildUlimits) ?? []).map(({ Name = '', Soft = 0, Hard = 0 }) => ({
      name: Name,
      soft: Soft,
      hard: Hard,
    })),
    extraHosts: query
      .all('extrahosts')
      .flatMap((text) => text.split(','))
      .filter(Boolean),
    cgroupParent: query.text('cgroupparent'),
  };
}

/** Of `POST /build/prune`. Until 1.48 there was one number, of what stays. @throws invalid */
export function pruneRequest(query: Query): PruneCacheOptions {
  const filters = query.filters(BUILD_CACHE_FILTERS);
  const [until] = filters.get('until') ?? filters.get('unused-for') ?? [];
  const size = (name: string) => query.integer(name) || undefined;
  const keep = {
    reserved: size('reserved-space') ?? size('keep-storage'),
    maxUsed: size('max-used-space'),
    minFree: size('min-free-space'),
  };
  return {
    all: query.flag('all'),
    matches: buildCacheMatches(filters),
    ...(until !== undefined && { until: timestamp(until) }),
    ...(Object.values(keep).some((bytes) => bytes !== undefined) && { keep }),
  };
}

/** The header of that name: secrets that travel with the request, and are kept nowhere. @throws invalid */
export function buildSecrets(text: string | undefined): BuildOptions['secrets'] {
  if (!text) return { get: async () => undefined };
  let document: unknown;
  try {
    document = decodeHeaderJson(text);
  } catch (error) {
    throw invalid('invalid build secrets: the header must be base64url-encoded JSON', error);
  }
  const byId = new Map(Object.entries(validate(buildSecretsDocument, document ?? {})));
  return {
    get: async (id) => {
      const value = byId.get(id);
      return value === undefined ? undefined : Buffer.from(value, 'base64');
    },
  };
}
