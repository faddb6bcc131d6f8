import { formatPlatform, hostPlatform } from '#oci/image';
import type { Step } from '../step.ts';
import { buildSteps } from './build-steps.ts';
import { digestOf, type FetchedDigests, type Material, stepsTo } from './materials.ts';
import type { Predicate, ProvenanceOptions } from './options.ts';

/** What a build knows of itself. */
export interface BuildFacts {
  readonly id: string;
  /** RFC 3339. */
  readonly startedOn: string;
  readonly finishedOn: string;
  readonly dockerfile: { readonly name: string; readonly source: string };
  /** Where the context came from, when it is not the client's. */
  readonly remote: string | undefined;
  readonly fetchedDigests: FetchedDigests;
  /** As a front end of BuildKit gets them: `build-arg:NAME`, `label:NAME`, `target`. */
  readonly args: Readonly<Record<string, string>>;
  readonly materials: readonly Material[];
  readonly target: Step;
}

/** Structure as BuildKit documents it, whose readers know it. */
const BUILD_TYPE_V1 = 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md';
const BUILD_TYPE_V02 = 'https://mobyproject.org/buildkit@v1';

/** How the result came about: https://slsa.dev/spec/v1.1/provenance, or v0.2 of it. */
export function provenanceOf(facts: BuildFacts, options: ProvenanceOptions): Predicate {
  const { version, filename, inlineOnly } = options;
  const content = version === 'v1' ? provenanceV1(facts, options) : provenanceV02(facts, options);
  const type = version === 'v1' ? 'https://slsa.dev/provenance/v1' : 'https://slsa.dev/provenance/v0.2';
  return { type, content, filename: inlineOnly ? undefined : filename };
}

function provenanceV1(facts: BuildFacts, { mode, builderId, reproducible }: ProvenanceOptions): object {
  const max = mode === 'max';
  return {
    buildDefinition: {
      buildType: BUILD_TYPE_V1,
      externalParameters: {
        configSource: { ...configSource(facts), path: facts.dockerfile.name },
        request: requestOf(facts, max),
      },
      internalParameters: {
        builderPlatform: formatPlatform(hostPlatform()),
        ...(max && { buildConfig: { llbDefinition: buildSteps(stepsTo(facts.target)) } }),
      },
      resolvedDependencies: facts.materials,
    },
    runDetails: {
      builder: { id: builderId },
      metadata: {
        invocationId: facts.id,
        startedOn: facts.startedOn,
        finishedOn: facts.finishedOn,
        buildkit_hermetic: isHermetic(facts.target),
        buildkit_reproducible: reproducible,
        buildkit_completeness: { request: max, resolvedDependencies: facts.remote !== undefined },
        buildkit_metadata: max ? { source: sourceOf(facts) } : {},
      },
    },
  };
}

function provenanceV02(facts: BuildFacts, { mode, builderId, reproducible }: ProvenanceOptions): object {
  const max = mode === 'max';
  const hermetic = isHermetic(facts.target);
  return {
    builder: { id: builderId },
    buildType: BUILD_TYPE_V02,
    materials: facts.materials,
    invocation: {
      configSource: { ...configSource(facts), entryPoint: facts.dockerfile.name },
      parameters: requestOf(facts, max),
      environment: { platform: formatPlatform(hostPlatform()) },
    },
    ...(max && { buildConfig: { llbDefinition: buildSteps(stepsTo(facts.target)) } }),
    metadata: {
      buildInvocationID: facts.id,
      buildStartedOn: facts.startedOn,
      buildFinishedOn: facts.finishedOn,
      completeness: { parameters: max, environment: true, materials: facts.remote !== undefined },
      reproducible,
      'https://mobyproject.org/buildkit@v1#hermetic': hermetic,
      'https://mobyproject.org/buildkit@v1#metadata': max ? { source: sourceOf(facts) } : {},
    },
  };
}

function configSource({ remote, fetchedDigests }: BuildFacts): object {
  if (remote === undefined) return {};
  const digest = fetchedDigests.get(remote);
  return { uri: remote, ...(digest !== undefined && { digest: digestOf(digest) }) };
}

/** Values of arguments and names of secrets may tell more than their owner wants. */
function requestOf({ args, remote, target }: BuildFacts, max: boolean): object {
  const locals = remote === undefined ? [{ name: 'context' }, { name: 'dockerfile' }] : [];
  const kept = Object.entries(args).filter(([name]) => max || !/^(?:build-arg|label):/.test(name));
  const common = { frontend: 'dockerfile.v0', args: Object.fromEntries(kept), locals };
  if (!max) return common;
  return { ...common, secrets: mountsOf(target, 'secret'), ssh: mountsOf(target, 'ssh') };
}

function mountsOf(target: Step, type: 'secret' | 'ssh'): object[] {
  const found = new Map<string, object>();
  for (const step of stepsTo(target)) {
    if (step.kind !== 'run') continue;
    for (const mount of step.mounts)
      if (mount.type === type)
        found.set(mount.id, { id: mount.id, ...(!mount.required && { optional: true }) });
  }
  return [...found.values()];
}

/** No command of it reached the network. */
const isHermetic = (target: Step): boolean =>
  stepsTo(target).every((step) => step.kind !== 'run' || step.network === 'none');

/** The Dockerfile, and which lines became which step. */
function sourceOf({ dockerfile, target }: BuildFacts): object {
  const locations = stepsTo(target).flatMap(({ lines }, index) =>
    lines === undefined
      ? []
      : [
          [
            `step${index}`,
            { locations: [{ ranges: [{ start: { line: lines.first }, end: { line: lines.last } }] }] },
          ],
        ],
  );
  const data = Buffer.from(dockerfile.source).toString('base64');
  return {
    locations: Object.fromEntries(locations) as object,
    infos: [{ filename: dockerfile.name, language: 'Dockerfile', data }],
  };
}
