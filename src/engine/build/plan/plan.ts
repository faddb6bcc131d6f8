import {
  type Dockerfile,
  DockerfileError,
  expandWord,
  type From,
  Lookups,
  lintFile,
  located,
  type Stage,
  suggest,
} from '#dockerfile';
import { EMPTY_CONFIG, type Image } from '#engine/images';
import { invalid } from '#lib/errors';
import { type Platform, parsePlatform } from '#oci/image';
import type { ImageStep, Source, Step } from '../step.ts';
import { descriptionOf } from './arg.ts';
import { declaredIn, unusedArguments } from './arguments.ts';
import { globalArguments } from './globals.ts';
import { planInstruction } from './instruction.ts';
import { lintBases, lintPlatform, lintPlatformFlag } from './lint.ts';
import type { PlanOptions } from './options.ts';
import { checkRunnable } from './runnable.ts';
import { type DeclaredArg, type PlannedLine, StageState } from './stage.ts';
import { planTriggers } from './triggers.ts';

/** What a Dockerfile asks for, for one platform: the steps to its result and the image's configuration. */
export interface Plan {
  /** What was asked for; a target that goes on from a stage of another platform is of that one. */
  readonly platform: Platform;
  readonly target: StageState;
  /** What is done for it, in the order of the Dockerfile. */
  readonly lines: readonly PlannedLine[];
  /** All stages that it needs, in their order. */
  readonly stages: readonly StageState[];
  /** Arguments from before the first FROM that they use. */
  readonly globals: readonly DeclaredArg[];
  /** Build arguments that nothing declares. */
  readonly unusedArguments: readonly string[];
}

/**
 * Turns the part of a Dockerfile that its target needs into steps: variables are put in, base images are found,
 * names of stages become references to their steps. Nothing is run. @throws DockerfileError, notFound
 */
export async function planBuild(options: PlanOptions): Promise<Plan> {
  const planner = new Planner(options);
  options.warn(...lintFile(options.dockerfile), ...lintBases(options));
  const target = await planner.stage(targetOf(options));
  for (const [name, value] of Object.entries(options.labels)) {
    target.config = { ...target.config, labels: { ...target.config.labels, [name]: value } };
  }
  const stages = await planner.stages();
  return {
    platform: options.platform,
    target,
    stages,
    lines: stages.flatMap((stage) => stage.lines),
    globals: planner.globals,
    unusedArguments: unusedArguments(options.buildArgs, declared(options.dockerfile)),
  };
}

const declared = ({ globalArgs, stages }: Dockerfile): Set<string> =>
  new Set([...declaredIn(globalArgs), ...stages.flatMap(({ instructions }) => declaredIn(instructions))]);

/** @throws invalid for a target that is no stage */
export function targetOf({ dockerfile, target }: Pick<PlanOptions, 'dockerfile' | 'target'>): Stage {
  const { stages } = dockerfile;
  const wanted = target?.toLowerCase();
  const found =
    wanted === undefined || wanted === ''
      ? stages.at(-1)
      : (stages.findLast(({ from }) => from.name === wanted) ??
        (/^\d+$/.test(wanted) ? stages[Number(wanted)] : undefined));
  if (!found)
    throw invalid(`target stage "${target}" could not be found: the Dockerfile has ${names(stages)}`);
  return found;
}

const names = (stages: readonly Stage[]): string =>
  stages.map(({ from, index }) => from.name ?? String(index)).join(', ');

/** Plans stages as they are needed, each but once. */
export class Planner {
  readonly options: PlanOptions;
  readonly #globals: ReadonlyMap<string, string>;
  readonly #usedGlobals = new Set<string>();
  readonly #planned = new Map<number, Promise<StageState>>();

  constructor(options: PlanOptions) {
    this.options = options;
    this.#globals = globalArguments(options, targetOf(options));
  }

  stage(stage: Stage): Promise<StageState> {
    const known = this.#planned.get(stage.index);
    if (known) return known;
    const planned = this.#plan(stage);
    this.#planned.set(stage.index, planned);
    return planned;
  }

  /** Names that are known before the first FROM. */
  get globalNames(): Iterable<string> {
    return this.#globals.keys();
  }

  /** Arguments from before the first FROM that were asked for. */
  get globals(): DeclaredArg[] {
    return this.options.dockerfile.globalArgs.flatMap((arg) =>
      arg.args.flatMap(({ name }) =>
        this.#usedGlobals.has(name)
          ? [
              {
                name,
                value: this.#globals.get(name),
                description: descriptionOf(name, arg),
                lines: arg.lines,
              },
            ]
          : [],
      ),
    );
  }

  /** All that the target needs, in the order of the Dockerfile. */
  async stages(): Promise<StageState[]> {
    const planned = [...this.#planned].sort(([a], [b]) => a - b);
    return await Promise.all(planned.map(([, state]) => state));
  }

  /** A value that was set before the first FROM: `ARG name` in a stage takes it over. */
  globalArgument(name: string): string | undefined {
    this.#usedGlobals.add(name);
    return this.#globals.get(name);
  }

  /** What `--from` means: a named context, a stage that came before, its number, or an image. */
  async source(reference: string, stage: Stage, platform: Platform): Promise<Source> {
    const context = this.options.namedContexts.get(reference);
    if (context?.kind === 'tree') return { kind: 'context', name: reference, tree: context.tree };
    if (context?.kind === 'held')
      return { kind: 'step', step: imageStep(context.image, reference, platform, undefined, context.layers) };
    if (context) return { kind: 'step', step: await this.#image(context.reference, platform, undefined) };
    const name = reference.toLowerCase();
    if (name === stage.from.name || name === String(stage.index)) {
      throw invalid(`circular dependency detected on stage: ${reference}`);
    }
    const earlier = this.#earlier(name, stage);
    if (earlier) return { kind: 'step', step: (await this.stage(earlier)).step };
    if (/^\d+$/.test(name))
      throw invalid(`invalid stage index ${reference}: only earlier stages can be copied from`);
    return { kind: 'step', step: await this.#image(reference, platform, undefined) };
  }

  noCache(stage: Stage): boolean {
    const { noCache } = this.options;
    return typeof noCache === 'boolean'
      ? noCache
      : noCache.has(stage.from.name ?? '') || noCache.has(String(stage.index));
  }

  /** @throws DockerfileError when a command of that platform cannot be run here */
  checkRunnable(platform: Platform, lines: From['lines']): void {
    // Nothing will be run when nobody said what is allowed.
    if (this.options.allow) checkRunnable(platform, this.options.buildPlatform, lines);
  }

  async #plan(stage: Stage): Promise<StageState> {
    const state = await this.#begin(stage);
    state.lines.push({ text: stage.from.text, step: state.step });
    await planTriggers(this, stage, state);
    for (const instruction of stage.instructions) await planInstruction(this, stage, state, instruction);
    return state;
  }

  async #begin(stage: Stage): Promise<StageState> {
    const { from } = stage;
    const platform = this.#platform(from);
    const base = this.#expand(from.base, from);
    const name = from.name ?? `stage-${stage.index}`;
    if (base === '') {
      throw new DockerfileError(`base name (${from.base}) should not be blank`, from.lines);
    }
    const earlier = this.options.namedContexts.has(base)
      ? undefined
      : this.#earlier(base.toLowerCase(), stage);
    if (earlier) {
      const below = await this.stage(earlier);
      const { step, config, author, parent, history, unknownBase } = below;
      const state = new StageState({
        name,
        // What is there already is of that platform, whatever this stage is for.
        platform: below.platform,
        step,
        config: { ...config, onBuild: undefined },
        author,
        parent,
        history,
        unknownBase,
        absoluteWorkdir: below.lint.state.absoluteWorkdir,
      });
      for (const [arg, value] of below.args) state.args.set(arg, value);
      return state;
    }
    // Before its base is pulled.
    const command = stage.instructions.find(({ kind }) => kind === 'RUN');
    if (command) this.checkRunnable(platform, command.lines);
    return await this.#onImage(base, name, platform, from);
  }

  async #onImage(base: string, name: string, platform: Platform, { lines }: From): Promise<StageState> {
    const context = this.options.namedContexts.get(base);
    if (context?.kind === 'tree') {
      const step = contextStep(base, context.tree, platform);
      return new StageState({
        name,
        platform,
        step,
        config: EMPTY_CONFIG,
        author: '',
        parent: undefined,
        history: [],
      });
    }
    if (base === 'scratch') {
      const step: Step = { kind: 'scratch', title: 'FROM scratch', lines, platform };
      const config = { ...EMPTY_CONFIG, env: [DEFAULT_PATH] };
      return new StageState({ name, platform, step, config, author: '', parent: undefined, history: [] });
    }
    const reference = context?.kind === 'image' ? context.reference : base;
    const held = context?.kind === 'held' ? context : undefined;
    const image = held?.image ?? (await this.options.resolveImage(reference, platform));
    if (!image) return unknown(reference, name, platform, lines);
    this.options.warn(...lintPlatform(image, reference, platform, lines));
    const step = imageStep(image, reference, platform, lines, held?.layers);
    const history = image.history.map(({ created, createdBy, author, comment, emptyLayer }) => ({
      entry: {
        ...(created && { created }),
        ...(createdBy && { created_by: createdBy }),
        ...(author && { author }),
        ...(comment && { comment }),
        ...(emptyLayer && { empty_layer: true }),
      },
      step: undefined,
    }));
    const config = image.config.env.some((entry) => entry.startsWith('PATH='))
      ? image.config
      : { ...image.config, env: [DEFAULT_PATH, ...image.config.env] };
    return new StageState({ name, platform, step, config, author: image.author, parent: image.id, history });
  }

  async #image(reference: string, platform: Platform, lines: From['lines'] | undefined): Promise<Step> {
    if (reference === 'scratch') return { kind: 'scratch', title: 'scratch', lines, platform };
    const image = await this.options.resolveImage(reference, platform);
    if (!image) return { kind: 'scratch', title: `FROM ${reference}`, lines, platform };
    return imageStep(image, reference, platform, lines, undefined);
  }

  #earlier(name: string, stage: Stage): Stage | undefined {
    const before = this.options.dockerfile.stages.slice(0, stage.index);
    const byName = before.findLast(({ from }) => from.name === name);
    return byName ?? (/^\d+$/.test(name) ? before[Number(name)] : undefined);
  }

  #platform(from: From): Platform {
    if (from.platform === undefined) return this.options.platform;
    const text = this.#expand(from.platform, from);
    if (text === '') {
      throw new DockerfileError(`empty platform value from expression ${from.platform}`, from.lines);
    }
    this.options.warn(...lintPlatformFlag(from, text, this.options.platform));
    return located(from.lines, () => parsePlatform(text));
  }

  /** FROM knows only what was declared before the first FROM, and the platforms. */
  #expand(text: string, { lines }: From): string {
    const lookups = new Lookups(this.#globals);
    const { escape } = this.options.dockerfile.directives;
    const expanded = located(lines, () => expandWord(text, lookups, { escape }));
    const declaredNames = declaredIn(this.options.dockerfile.globalArgs);
    for (const name of lookups.used) this.#usedGlobals.add(name);
    for (const name of lookups.missing) {
      if (declaredNames.includes(name)) continue;
      const near = suggest(name, [...declaredNames, ...this.#globals.keys()]);
      const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
      const message = `FROM argument '${name}' is not declared${hint}`;
      this.options.warn({ rule: 'UndefinedArgInFrom', message, lines });
    }
    return expanded;
  }
}

/** A stage on an image that nobody looked at: enough to read its instructions. */
function unknown(reference: string, name: string, platform: Platform, lines: From['lines']): StageState {
  const step: Step = { kind: 'scratch', title: `FROM ${reference}`, lines, platform };
  const nothing = { config: EMPTY_CONFIG, author: '', parent: undefined, history: [] };
  return new StageState({ name, platform, step, ...nothing, unknownBase: true });
}

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const imageStep = (
  { id: imageId }: Image,
  reference: string,
  platform: Platform,
  lines: From['lines'] | undefined,
  layers: ImageStep['layers'],
): ImageStep => ({ kind: 'image', title: `FROM ${reference}`, lines, platform, imageId, reference, layers });

const contextStep = (name: string, tree: PlanOptions['context'], platform: Platform): Step => ({
  kind: 'copy',
  title: `FROM ${name}`,
  lines: undefined,
  platform,
  base: { kind: 'scratch', title: 'scratch', lines: undefined, platform },
  from: { kind: 'context', name, tree },
  sources: ['/'],
  excludes: [],
  destination: '/',
  owner: undefined,
  mode: undefined,
  parents: false,
  link: false,
  unpack: 'never',
  noCache: false,
});
