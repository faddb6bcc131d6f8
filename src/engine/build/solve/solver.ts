import { DockerfileError } from '#dockerfile';
import { BerthError, cancelled } from '#lib/errors';
import { type CacheRecord, type Filesystem, identityOf, NOTHING } from '../cache.ts';
import type { Selection, SelectRequest } from '../files/select.ts';
import type { RemoteResult } from '../remote-cache/config.ts';
import type { BuildSession } from '../session.ts';
import type { CopySource } from '../sources/copy-source.ts';
import { openSource } from '../sources/open-source.ts';
import { type CopyStep, type ImageStep, inputsOf, type Step } from '../step.ts';
import { copyFiles } from '../steps/copy-files.ts';
import { makeDirectory } from '../steps/make-directory.ts';
import { runStep } from '../steps/run-step.ts';
import { definitionOf, keyOf } from './key.ts';

/**
 * Brings about what steps result in. A step is done once, whoever needs it; equal ones are done once together; those
 * that do not wait for each other are done at the same time. What an earlier build did is taken from the cache:
 * first by what the step says, without doing what is before it; then by what is really before it.
 */
export class Solver {
  readonly #session: BuildSession;
  readonly #solved = new Map<Step, Promise<Filesystem>>();
  readonly #keys = new Map<Step, Promise<string>>();
  readonly #byKey = new Map<string, Promise<Filesystem>>();
  readonly #anew = new Map<Step, boolean>();

  constructor(session: BuildSession) {
    this.#session = session;
  }

  solve(step: Step): Promise<Filesystem> {
    const known = this.#solved.get(step);
    if (known) return known;
    const solved = this.#solve(step);
    this.#solved.set(step, solved);
    return solved;
  }

  /** What a step resulted in, now or in an earlier build, with the keys that it is found by. */
  async resultOf(step: Step): Promise<RemoteResult | undefined> {
    const { cache, imported } = this.#session;
    const key = await this.#key(step);
    const solved = await this.#solved.get(step);
    const record = cache.get(key);
    const known = solved ?? (await this.#usable(record));
    if (!known) return await imported.pass(key);
    return {
      keys: [...new Set([key, ...(record?.keys ?? [])])],
      layers: known.layers,
      created: known.created,
    };
  }

  /** When all that was begun has ended, whichever way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#solved.values());
  }

  async #solve(step: Step): Promise<Filesystem> {
    const key = await this.#key(step);
    const same = this.#byKey.get(key);
    if (same) {
      const result = await same;
      this.#announceInputs(step, false);
      this.#session.onEvent({ type: 'done', step, cached: false, result: identityOf(result) });
      return result;
    }
    const result = this.#find(step, key);
    this.#byKey.set(key, result);
    return await result;
  }

  async #find(step: Step, key: string): Promise<Filesystem> {
    const { signal } = this.#session;
    if (signal.aborted) throw cancelled('the build was cancelled');
    if (step.kind === 'scratch' || step.kind === 'image') {
      const base = step.kind === 'scratch' ? NOTHING : await this.#image(step);
      this.#session.onEvent({ type: 'done', step, cached: false, result: identityOf(base) });
      return base;
    }
    const noCache = 'noCache' in step && step.noCache;
    const cached = this.#isAnew(step) ? undefined : await this.#cached(step, key);
    if (cached) return this.#take(step, key, cached);
    const inputs = new Map<Step, Filesystem>();
    await Promise.all(inputsOf(step).map(async (input) => inputs.set(input, await this.solve(input))));
    return await this.#make(step, key, inputs, noCache);
  }

  async #make(
    step: Exclude<Step, { kind: 'scratch' | 'image' }>,
    key: string,
    inputs: ReadonlyMap<Step, Filesystem>,
    noCache: boolean,
  ): Promise<Filesystem> {
    const { cache, imported, onEvent } = this.#session;
    const base = inputs.get(step.base) ?? NOTHING;
    try {
      await using source =
        step.kind === 'copy' ? await openSource(this.#session, step.from, inputs) : undefined;
      const selection = source && step.kind === 'copy' ? await source.select(selectRequest(step)) : undefined;
      const exact = this.#exactKey(step, inputs, selection);
      const cached = noCache ? undefined : await this.#cached(step, exact);
      if (cached) return this.#take(step, key, cached);
      const past = noCache ? undefined : await imported.past.find(step, base);
      if (past) return this.#keep(step, [key, exact], past);
      onEvent({ type: 'started', step });
      const done = await this.#do(step, base, inputs, source, selection);
      const made = (noCache ? undefined : await imported.past.same(step, base, done)) ?? done;
      cache.put([key, exact], made, step.title);
      onEvent({ type: 'done', step, cached: false, result: identityOf(made) });
      return made;
    } catch (error) {
      const failure = explain(error, step);
      onEvent({ type: 'failed', step, error: failure });
      throw failure;
    }
  }

  async #do(
    step: Exclude<Step, { kind: 'scratch' | 'image' }>,
    base: Filesystem,
    inputs: ReadonlyMap<Step, Filesystem>,
    source: CopySource | undefined,
    selection: Selection | undefined,
  ): Promise<Filesystem> {
    switch (step.kind) {
      case 'run':
        return await runStep(this.#session, step, base, inputs);
      case 'directory':
        return await makeDirectory(this.#session, step, base);
      case 'copy':
        if (!source || !selection) throw new Error('a copy step has a source');
        return await copyFiles(this.#session, step, inputs, source, selection);
    }
  }

  async #image({ imageId, layers }: ImageStep): Promise<Filesystem> {
    const { images, work } = this.#session;
    if (layers) return { layers, created: '' };
    return { layers: await images.layersOf(work, imageId), created: images.get(imageId).created };
  }

  /** Of somebody else, from now on ours, too. */
  #keep(step: Step, keys: readonly string[], result: Filesystem): Filesystem {
    this.#session.cache.put(keys, result, step.title);
    this.#session.onEvent({ type: 'done', step, cached: true, result: identityOf(result) });
    return result;
  }

  #take(step: Step, key: string, cached: CacheRecord): Filesystem {
    const { cache, onEvent } = this.#session;
    cache.use(key, cached);
    this.#announceInputs(step, true);
    onEvent({ type: 'done', step, cached: true, result: identityOf(cached) });
    return cached;
  }

  /** What is before a step that is there need not be done: those who watch see it as done, too. */
  #announceInputs(step: Step, cached: boolean, seen = new Set<Step>()): void {
    for (const input of inputsOf(step)) {
      if (seen.has(input) || this.#solved.has(input)) continue;
      seen.add(input);
      this.#announceInputs(input, cached, seen);
      this.#session.onEvent({ type: 'done', step: input, cached, result: '' });
    }
  }

  /** What an earlier build made, this engine's or one elsewhere, whose result becomes ours. */
  async #cached(step: Step, key: string): Promise<CacheRecord | undefined> {
    const { cache, imported } = this.#session;
    const own = await this.#usable(cache.get(key));
    if (own) return own;
    const found = await imported.find(key);
    if (!found) return undefined;
    cache.put([key], found, step.title);
    return cache.get(key);
  }

  /** A record whose layers are all still there: they stay for as long as this build works. */
  async #usable(record: CacheRecord | undefined): Promise<CacheRecord | undefined> {
    if (!record) return undefined;
    const { images, work } = this.#session;
    for (const layer of record.layers) if (!(await images.hasLayer(work, layer))) return undefined;
    return record;
  }

  /** Whether it or a step before it is done anew: then what it says does not tell what it results in. */
  #isAnew(step: Step): boolean {
    const known = this.#anew.get(step);
    if (known !== undefined) return known;
    const anew = ('noCache' in step && step.noCache) || inputsOf(step).some((input) => this.#isAnew(input));
    this.#anew.set(step, anew);
    return anew;
  }

  #key(step: Step): Promise<string> {
    const known = this.#keys.get(step);
    if (known) return known;
    const key = this.#computeKey(step);
    this.#keys.set(step, key);
    return key;
  }

  /** From what the step and those before it say; nothing is done for it. */
  async #computeKey(step: Step): Promise<string> {
    switch (step.kind) {
      case 'scratch':
        return keyOf('scratch');
      case 'image':
        return keyOf('image', step.imageId);
      case 'directory':
        return keyOf('directory', await this.#key(step.base), step.path);
      case 'run': {
        const inputs = await Promise.all(inputsOf(step).map((input) => this.#key(input)));
        return keyOf(definitionOf(step), inputs, contextDigests(this.#session, step));
      }
      case 'copy': {
        const source =
          step.from.kind === 'step'
            ? [await this.#key(step.from.step), step.sources, step.excludes]
            : await this.#selectionDigest(step);
        return keyOf(copyDefinition(step), await this.#key(step.base), source);
      }
    }
  }

  /** From what is really before the step: the same however that came about. */
  #exactKey(step: Step, inputs: ReadonlyMap<Step, Filesystem>, selection: Selection | undefined): string {
    const identities = inputsOf(step).map((input) => identityOf(inputs.get(input) ?? NOTHING));
    if (step.kind === 'copy') return keyOf('exact', copyDefinition(step), identities[0], selection?.digest);
    if (step.kind === 'run')
      return keyOf('exact', definitionOf(step), identities, contextDigests(this.#session, step));
    return keyOf('exact', step.kind === 'directory' && step.path, identities);
  }

  /** Of what does not come from another step: it can be looked at before anything is done. */
  async #selectionDigest(step: CopyStep): Promise<string> {
    try {
      await using source = await openSource(this.#session, step.from, new Map());
      return (await source.select(selectRequest(step))).digest;
    } catch (error) {
      throw explain(error, step);
    }
  }
}

const selectRequest = ({ sources, excludes, parents, from, owner }: CopyStep): SelectRequest => ({
  sources,
  excludes,
  parents,
  owners: from.kind === 'step' && owner === undefined,
});

const copyDefinition = (step: CopyStep): unknown => {
  const { destination, owner, mode, parents, link, unpack } = step;
  return ['copy', destination, owner, mode, parents, link, unpack];
};

/** What of contexts a RUN sees. */
function contextDigests(session: BuildSession, step: Extract<Step, { kind: 'run' }>): string[] {
  return step.mounts.flatMap((mount) => {
    const { content } = mount;
    if (content?.kind !== 'context') return [];
    return [session.treeDigest(content.tree, 'source' in mount ? mount.source : '/')];
  });
}

/** Names the line of the Dockerfile that an error is about. */
function explain(error: unknown, { lines }: Step): Error {
  if (error instanceof DockerfileError) return error;
  if (error instanceof BerthError && lines) return Object.assign(error, { lines });
  return error instanceof Error ? error : new Error(String(error));
}
