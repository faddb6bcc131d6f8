import type { BuildOptions } from '#engine/build';
import { invalid, unsupported } from '#lib/errors';
import { type Digest, isDigest } from '#oci/digest';
import { parsePlatform } from '#oci/image';
import type { BuildCall } from '../encode/build-inspection.ts';
import { attestationsOf } from './build-attestations.ts';
import { listedSources, type WantedCacheSource } from './build-caches.ts';
import { entitlementsOf } from './entitlements.ts';

/** Files that a client shares under a name: `context`, `dockerfile`. */
export type SessionContext =
  | { readonly kind: 'directory'; readonly directory: string }
  /** A stream that the client was given: an archive on its standard input. */
  | { readonly kind: 'upload'; readonly path: string }
  | { readonly kind: 'remote'; readonly url: string }
  | { readonly kind: 'image'; readonly reference: string }
  | { readonly kind: 'layout'; readonly store: string; readonly digest: Digest };

/** What of a build comes as attributes of BuildKit's front end `dockerfile.v0`. */
export type FrontendRequest = Pick<
  BuildOptions,
  | 'dockerfile'
  | 'target'
  | 'buildArgs'
  | 'labels'
  | 'platforms'
  | 'noCache'
  | 'pull'
  | 'network'
  | 'limits'
  | 'allow'
  | 'attest'
> & {
  readonly cacheSources: readonly WantedCacheSource[];
  readonly context: SessionContext;
  /** Where the client has the Dockerfile, when that is not in the context. */
  readonly dockerfileDirectory: string | undefined;
  readonly named: ReadonlyMap<string, SessionContext>;
  /** What is asked about the Dockerfile instead of building it. */
  readonly call: BuildCall | undefined;
};

type Attributes = Readonly<Record<string, string>>;

/** Attributes that are not known say nothing to BuildKit either. @throws invalid, unsupported */
export function frontendRequest(attributes: Attributes, entitlements: readonly string[]): FrontendRequest {
  const { target = '' } = attributes;
  const context = contextOf('context', attributes.context ?? '', attributes.contextkey || 'context');
  const local = context.kind === 'directory';
  return {
    dockerfile: attributes.filename || 'Dockerfile',
    ...(target !== '' && { target }),
    buildArgs: new Map(Object.entries(withPrefix(attributes, 'build-arg:'))),
    labels: withPrefix(attributes, 'label:'),
    platforms: (attributes.platform ?? '')
      .split(',')
      .filter(Boolean)
      .map((each) => parsePlatform(each)),
    noCache: noCacheOf(attributes['no-cache']),
    pull: attributes['image-resolve-mode'] === 'pull',
    network: networkOf(attributes['force-network-mode'] ?? ''),
    limits: limitsOf(attributes),
    allow: entitlementsOf(entitlements),
    cacheSources: cacheSourcesOf(attributes),
    attest: attestationsOf(new Map(Object.entries(withPrefix(attributes, 'attest:')))),
    context,
    dockerfileDirectory: attributes.dockerfilekey || (local ? 'dockerfile' : undefined),
    named: namedContexts(attributes),
    call: callOf(attributes.requestid ?? ''),
  };
}

/** `cache-imports`: JSON of `[{"Type":"registry","Attrs":{…}}]`; `cache-from`: names of images, as old clients say it. */
function cacheSourcesOf(attributes: Attributes): WantedCacheSource[] {
  const text = attributes['cache-imports'] ?? '';
  const names = text === '' ? (attributes['cache-from'] ?? '').split(',').filter(Boolean) : [];
  return [...listedSources(text), ...names.map((reference) => ({ kind: 'registry' as const, reference }))];
}

function withPrefix(attributes: Attributes, prefix: string): Record<string, string> {
  const chosen = Object.entries(attributes).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(chosen.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Without a value it is about every stage. */
function noCacheOf(text: string | undefined): FrontendRequest['noCache'] {
  if (text === undefined) return false;
  const stages = text.toLowerCase().split(',').filter(Boolean);
  return stages.length === 0 || new Set(stages);
}

function networkOf(mode: string): FrontendRequest['network'] {
  if (mode === '' || mode === 'sandbox') return 'default';
  if (mode === 'host' || mode === 'none') return mode;
  throw invalid(`network mode "${mode}" is not supported by the builder: use sandbox, none or host`);
}

function limitsOf(attributes: Attributes): FrontendRequest['limits'] {
  const list = (name: string) => (attributes[name] ?? '').split(',').filter(Boolean);
  return {
    ...NO_LIMITS,
    shmSize: count(attributes['shm-size'] || '0', 'shm-size'),
    ulimits: list('ulimit').map(ulimitOf),
    extraHosts: list('add-hosts'),
    cgroupParent: attributes['cgroup-parent'] ?? '',
  };
}

const NO_LIMITS = {
  memory: 0,
  memorySwap: 0,
  cpuShares: 0,
  cpuPeriod: 0,
  cpuQuota: 0,
  cpusetCpus: '',
  cpusetMems: '',
} as const;

/** `nofile=1024:2048`. */
function ulimitOf(text: string): FrontendRequest['limits']['ulimits'][number] {
  const [, name = '', soft = '', hard = soft] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (name === '') throw invalid(`invalid ulimit "${text}": it must be name=soft:hard`);
  return { name, soft: Number(soft), hard: Number(hard) };
}

function count(text: string, name: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw invalid(`invalid ${name} "${text}": it must be a number of bytes`);
}

/** A platform behind the name, as BuildKit's own front end looks it up, belongs to no name of ours. */
function namedContexts(attributes: Attributes): Map<string, SessionContext> {
  const named = Object.entries(withPrefix(attributes, 'context:'));
  return new Map(named.map(([name, value]) => [name, contextOf(name, value, name)]));
}

const UPLOAD = 'http://buildkit-session/';

/** @throws unsupported, invalid */
function contextOf(name: string, value: string, directory: string): SessionContext {
  if (value === '') return { kind: 'directory', directory };
  if (value.startsWith(UPLOAD)) return { kind: 'upload', path: value.slice(UPLOAD.length) };
  const [, scheme = '', rest = ''] = /^([a-z-]+:(?:\/\/)?)?(.*)$/s.exec(value) ?? [];
  switch (scheme) {
    case 'local:':
      return { kind: 'directory', directory: rest };
    case 'docker-image://':
      return { kind: 'image', reference: rest };
    case 'oci-layout://':
      return layoutOf(name, rest);
    case 'http://':
    case 'https://':
    case 'git://':
    case 'ssh://':
      return { kind: 'remote', url: value };
    case 'input:':
    case 'target:':
      throw unsupported(
        `context ${name}: results of other builds of the client are not supported as contexts`,
      );
    default:
      if (value.startsWith('git@') || value.startsWith('github.com/')) return { kind: 'remote', url: value };
      throw invalid(`context ${name}: "${value}" is not supported: use docker-image://, https:// or git`);
  }
}

/** `STORE@DIGEST`; a tag is resolved by the client. */
function layoutOf(name: string, text: string): SessionContext {
  const [, store = '', digest = ''] = /^([^:@]+)(?::[^@]+)?@(.+)$/.exec(text) ?? [];
  if (isDigest(digest)) return { kind: 'layout', store, digest };
  throw invalid(`context ${name}: "${text}" is no image in an OCI layout: it needs a digest`);
}

function callOf(id: string): BuildCall | undefined {
  switch (id) {
    case '':
      return undefined;
    case 'frontend.outline':
      return 'outline';
    case 'frontend.targets':
      return 'targets';
    case 'frontend.lint':
      return 'lint';
    default:
      throw unsupported(
        `request ${id} is not supported: use frontend.lint, frontend.outline or frontend.targets`,
      );
  }
}
