import { type FileHandle, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Finding, type IgnoreRules, Lint, parseLintSettings } from '#dockerfile';
import type { Containers } from '#engine/containers';
import type { Events } from '#engine/events';
import type { Image, Images } from '#engine/images';
import type { Snapshots } from '#engine/snapshots';
import { BerthError, isKind, messageOf } from '#lib/errors';
import { IdleThread } from '#lib/idle-thread';
import { newId } from '#lib/ids';
import type { Logger } from '#lib/log';
import { Scope } from '#lib/scope';
import { now } from '#lib/time';
import { formatPlatform, hostPlatform, type Platform } from '#oci/image';
import type { Database } from '#store';
import { factsOf } from './attest/facts.ts';
import type { AttestOptions } from './attest/options.ts';
import { type BuildCache, NOTHING } from './cache.ts';
import { CacheMounts } from './cache-mounts.ts';
import { type CachePolicy, collectCache, defaultPolicy } from './collect.ts';
import { Contexts } from './contexts/contexts.ts';
import type { BuildContext, NamedInput } from './contexts/input.ts';
import { selectFiles } from './files/select.ts';
import type { SelectJobs } from './files/select-thread.ts';
import type { Tree } from './files/tree.ts';
import {
  findDockerfile,
  ignoreRules,
  lintSettings,
  type ReadDockerfile,
  readDockerfile,
  withExcerpt,
} from './front-end.ts';
import { describeBuild } from './history/describe.ts';
import { BuildHistory } from './history/history.ts';
import type { Inspection } from './inspection.ts';
import { epochOf } from './outputs/epoch.ts';
import type { BuildResult, Output } from './outputs/output.ts';
import { writeOutputs } from './outputs/write.ts';
import type { PlanOptions } from './plan/options.ts';
import { type Plan, planBuild } from './plan/plan.ts';
import { isIndexed, linesOf, platformsOf } from './platforms.ts';
import type { BuildEvent, OnBuildEvent } from './progress.ts';
import { type PruneCacheOptions, type PrunedCache, pruneCache } from './prune.ts';
import { exportCaches } from './remote-cache/export.ts';
import { ImportedCaches } from './remote-cache/imported.ts';
import type { CacheSource, CacheTarget } from './remote-cache/places.ts';
import type { BuildLimits, BuildSession, Entitlement, Secrets, SshAgents } from './session.ts';
import { Solver } from './solve/solver.ts';
import { type SolvedFiles, solvedFiles } from './solved-files.ts';
import { spool } from './spool.ts';
import { type CacheEntry, cacheEntries } from './usage.ts';

export interface BuilderOptions {
  /** Of what outlives a build: cache mounts; and of contexts while they are needed. */
  readonly root: string;
  /** In memory. */
  readonly execRoot: string;
  readonly cache: BuildCache;
  readonly database: Database;
  readonly images: Images;
  readonly containers: Containers;
  readonly snapshots: Snapshots;
  readonly events: Events;
  /** What of the cache goes by itself. Default: what is more than a tenth of the disk, or unused for two months. */
  readonly cachePolicy: Partial<CachePolicy> | undefined;
  readonly log: Logger;
}

export interface BuildOptions {
  /** Under which it is remembered, when it can be. */
  readonly id?: string;
  readonly context: BuildContext;
  readonly namedContexts: ReadonlyMap<string, NamedInput>;
  /** Path in the context; a Dockerfile given by itself comes as `dockerfileContent`. */
  readonly dockerfile: string;
  readonly dockerfileContent?: string;
  /** Of a `.dockerignore` given by itself: none of the context is looked at. */
  readonly ignoreContent?: string;
  /** With none the result stays in the cache alone. */
  readonly outputs: readonly Output[];
  /** One layer for all that is new. */
  readonly squash: boolean;
  readonly target?: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  /** With several the result is an index of one image for each; with none, the host's. */
  readonly platforms: readonly Platform[];
  /** Every step is done anew; with names: those stages' are. */
  readonly noCache: boolean | ReadonlySet<string>;
  /** Base images are asked for anew. */
  readonly pull: boolean;
  readonly network: 'default' | 'none' | 'host';
  readonly limits: BuildLimits;
  /** Where results of builds elsewhere lie, and where this one's go. */
  readonly cacheFrom: readonly CacheSource[];
  readonly cacheTo: readonly CacheTarget[];
  /** What is said of the result beside it. */
  readonly attest: AttestOptions;
  readonly secrets: Secrets;
  readonly ssh: SshAgents;
  readonly allow: ReadonlySet<Entitlement>;
  /** Gets an image from its registry. */
  readonly pullImage: (reference: string, platform: Platform, signal: AbortSignal) => Promise<Image>;
  readonly onEvent: OnBuildEvent;
  /**
   * The steps to the targets are done and nothing has left yet: outputs are written when this resolves. The files are
   * those of the first platform.
   */
  readonly onSolved?: (files: SolvedFiles) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What of a build can be looked at without building. */
export type InspectOptions = Pick<
  BuildOptions,
  | 'context'
  | 'namedContexts'
  | 'dockerfile'
  | 'dockerfileContent'
  | 'ignoreContent'
  | 'target'
  | 'buildArgs'
  | 'labels'
  | 'platforms'
  | 'noCache'
  | 'network'
  | 'signal'
>;

/** Builds images from Dockerfiles. */
export class Builder implements AsyncDisposable {
  readonly #options: BuilderOptions;
  readonly #cache: BuildCache;
  readonly #selectThread = new IdleThread<SelectJobs>(new URL('./files/select-thread.ts', import.meta.url));
  readonly #cacheMounts: CacheMounts;
  readonly history: BuildHistory;
  /** The collection under way. */
  #collecting: Promise<void> | undefined;

  private constructor(options: BuilderOptions, history: BuildHistory) {
    this.#options = options;
    this.history = history;
    this.#cache = options.cache;
    this.#cacheMounts = new CacheMounts(join(options.root, 'cache-mounts'));
  }

  /** Removes what builds left that did not end. */
  static async open(options: BuilderOptions): Promise<Builder> {
    await mkdir(options.root, { recursive: true, mode: 0o700 });
    await rm(join(options.root, 'contexts'), { recursive: true, force: true });
    await rm(join(options.execRoot, 'build'), { recursive: true, force: true });
    for (const id of await options.snapshots.list()) {
      if (id.startsWith('build-')) await options.snapshots.remove(id);
    }
    const history = await BuildHistory.open(join(options.root, 'history'), options.database);
    return new Builder(options, history);
  }

  /** @throws DockerfileError, RunFailed, notFound, invalid, cancelled */
  async build(options: BuildOptions): Promise<BuildResult> {
    const noted = this.history.begin(describeBuild(options), options.id);
    const onEvent = (event: BuildEvent): void => {
      noted.add(event);
      options.onEvent(event);
    };
    try {
      const result = await this.#build({ ...options, onEvent });
      await noted.complete(result);
      return result;
    } catch (error) {
      await noted.fail(error);
      throw error;
    }
  }

  async #build(options: BuildOptions): Promise<BuildResult> {
    const { outputs, squash } = options;
    const epoch = epochOf(options.buildArgs);
    const startedOn = now();
    await using scope = new Scope();
    const failed = new AbortController();
    const signal = AbortSignal.any([options.signal, failed.signal]);
    const begun = { ...(await this.#begin(options, scope)), signal };
    const imported = new ImportedCaches(begun, options.cacheFrom);
    scope.defer(async () => await imported[Symbol.asyncDispose]());
    const session = { ...begun, imported };
    const contexts = await Contexts.open(session, options);
    const wanted = { ...options, ...dockerfileOf(contexts) };
    const file = readDockerfile(contexts.described, wanted);
    const solver = new Solver(session);
    try {
      const lint = new Lint(lintSettings(file.dockerfile, options.buildArgs));
      const ignore = ignoreRules(contexts.described, options);
      const plans = await this.#plans(options, contexts, ignore, file, lint, (reference, platform) =>
        this.#resolve(options, reference, platform),
      );
      for (const warning of lint.findings) options.onEvent({ type: 'warning', warning });
      lint.check();
      options.onEvent({ type: 'planned', lines: plans.flatMap(linesOf) });
      warnUnused(plans[0]?.unusedArguments ?? [], options.onEvent);
      for (const plan of plans) imported.past.learn(plan);
      const targets = plans.map(({ target }) => target.step);
      await contexts.fill(targets, (path) => ignore.ignores(path));
      if (options.onSolved) {
        const [first = NOTHING] = await Promise.all(targets.map((step) => solver.solve(step)));
        await using files = solvedFiles(session, first);
        await options.onSolved(files);
      }
      const facts = { ...factsOf(options), startedOn, dockerfile: file };
      const inlineCache =
        options.cacheTo.some(({ kind }) => kind === 'inline') || wantsInline(options.buildArgs);
      const written = { outputs, squash, epoch, facts, attest: options.attest, inlineCache };
      const result = await writeOutputs(session, solver, plans, { ...written, indexed: isIndexed(options) });
      await exportCaches(session, solver, targets, options.cacheTo);
      return result;
    } catch (error) {
      throw withExcerpt(error, file);
    } finally {
      // What goes on beside a step that failed ends before what they share is taken away.
      failed.abort();
      await solver.settled();
      this.#collect();
    }
  }

  /**
   * Looks at a Dockerfile without building anything: images are not pulled, and of those that are not here nothing is
   * known. An error in it is part of the answer.
   */
  async inspect(options: InspectOptions): Promise<Inspection> {
    await using scope = new Scope();
    const session = { ...this.#open(scope), signal: options.signal };
    const contexts = await Contexts.open(session, options);
    const wanted = { ...options, ...dockerfileOf(contexts) };
    const source = findDockerfile(contexts.described, wanted);
    let lint = new Lint(parseLintSettings());
    try {
      const file = readDockerfile(contexts.described, wanted);
      const ignore = ignoreRules(contexts.described, options);
      lint = new Lint(lintSettings(file.dockerfile, options.buildArgs));
      const [plan] = await this.#plans(options, contexts, ignore, file, lint, async (reference, platform) =>
        this.#local(reference, platform),
      );
      if (!plan) throw new Error('a build has a platform');
      return { source, findings: lint.findings, dockerfile: file.dockerfile, plan };
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      return { source, findings: lint.findings, error: withExcerpt(error, source) };
    }
  }

  /** One for each platform. What the lint finds is said of the first: the Dockerfile is the same. */
  async #plans(
    options: InspectOptions & { readonly allow?: ReadonlySet<Entitlement> },
    { main: context, named: namedContexts }: Contexts,
    ignore: IgnoreRules,
    file: ReadDockerfile,
    lint: Lint,
    resolveImage: PlanOptions['resolveImage'],
  ): Promise<Plan[]> {
    const platforms = platformsOf(options);
    const planned: Omit<PlanOptions, 'platform' | 'warn'> = {
      dockerfile: file.dockerfile,
      target: options.target,
      buildArgs: options.buildArgs,
      buildPlatform: hostPlatform(),
      severalPlatforms: platforms.length > 1,
      context,
      isIgnored: (path) => ignore.ignores(path),
      namedContexts,
      labels: options.labels,
      noCache: options.noCache,
      network: options.network,
      allow: options.allow,
      resolveImage,
    };
    const plans: Plan[] = [];
    for (const platform of platforms) {
      const warn = (...found: Finding[]) => plans.length === 0 && lint.add(...found);
      plans.push(await planBuild({ ...planned, platform, warn }));
    }
    return plans;
  }

  /** Bytes that are read more than once; they are gone with the handle. */
  spool(content: Readable): Promise<FileHandle> {
    return spool(join(this.#options.root, 'contexts'), content);
  }

  /** What the cache holds, the least recently used first. */
  usage(): Promise<CacheEntry[]> {
    return cacheEntries(this.#cache, this.#options);
  }

  async prune(options: PruneCacheOptions): Promise<PrunedCache> {
    const result = await pruneCache(this.#cache, this.#options, options);
    if (options.all) await this.#cacheMounts.discard((path) => this.#options.snapshots.discard(path));
    this.#options.events.publish('builder', 'prune', '', { reclaimed: String(result.reclaimed) });
    return result;
  }

  /** What of the cache goes by itself. */
  async policy(): Promise<CachePolicy> {
    return { ...(await defaultPolicy(this.#options.root)), ...this.#options.cachePolicy };
  }

  /** In the background, and once for however many builds end meanwhile. */
  #collect(): void {
    const { log } = this.#options;
    const collect = async () => {
      try {
        await collectCache(this.#cache, this.#options, await this.policy(), Date.now());
      } catch (error) {
        log.warn('the build cache could not be collected', { error: messageOf(error) });
      }
      this.#collecting = undefined;
    };
    this.#collecting ??= collect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#collecting;
    await this.#selectThread[Symbol.asyncDispose]();
  }

  /** What contexts need; the scope gives it back. */
  #open(scope: Scope) {
    const { images, root } = this.#options;
    const work = images.begin();
    scope.defer(async () => await work[Symbol.asyncDispose]());
    const workspace = join(root, 'contexts', newId());
    scope.defer(() => rm(workspace, { recursive: true, force: true }));
    const fetchedDigests = new Map<string, string>();
    return { images, work, workspace, selectThread: this.#selectThread, fetchedDigests };
  }

  async #begin(options: BuildOptions, scope: Scope): Promise<Omit<BuildSession, 'signal' | 'imported'>> {
    const { containers, snapshots, execRoot } = this.#options;
    const opened = this.#open(scope);
    const temporary = join(execRoot, 'build', newId());
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    scope.defer(() => rm(temporary, { recursive: true, force: true }));
    const digests = new Map<Tree, Map<string, string>>();
    const fetches = new Map<string, Promise<string>>();
    return {
      ...opened,
      containers,
      snapshots,
      cache: this.#cache,
      cacheMounts: this.#cacheMounts,
      temporary,
      secrets: options.secrets,
      ssh: options.ssh,
      limits: options.limits,
      onEvent: options.onEvent,
      fetched(url, fetch) {
        const fetched = fetches.get(url) ?? fetch();
        fetches.set(url, fetched);
        return fetched;
      },
      treeDigest(tree, path) {
        const known = digests.get(tree) ?? new Map<string, string>();
        digests.set(tree, known);
        const request = { sources: [path], excludes: [], parents: false, owners: false };
        const digest = known.get(path) ?? selectFiles(tree, request).digest;
        known.set(path, digest);
        return digest;
      },
    };
  }

  async #resolve(options: BuildOptions, reference: string, platform: Platform): Promise<Image> {
    const local = options.pull ? undefined : this.#local(reference, platform);
    return local ?? (await options.pullImage(reference, platform, options.signal));
  }

  #local(reference: string, platform: Platform): Image | undefined {
    try {
      return this.#options.images.get(reference, { platform: formatPlatform(platform) });
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error;
      return undefined;
    }
  }
}

/** As BuildKit's front end is told by clients that know no other way. */
const wantsInline = (buildArgs: ReadonlyMap<string, string>): boolean =>
  /^(?:1|true)$/i.test(buildArgs.get('BUILDKIT_INLINE_CACHE') ?? '');

/** A Dockerfile given by itself wins over one that came as the context. */
const dockerfileOf = ({ dockerfileContent }: Contexts) =>
  dockerfileContent === undefined ? {} : { dockerfileContent };

function warnUnused(names: readonly string[], onEvent: OnBuildEvent): void {
  if (names.length === 0) return;
  const message = `One or more build-args [${names.join(' ')}] were not consumed`;
  onEvent({ type: 'warning', warning: { rule: 'UnusedBuildArgs', message, lines: undefined } });
}
