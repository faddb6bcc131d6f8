import type { Assembled, BuiltLayer, Image, Pushed } from '#engine/images';
import type { Plan } from '../plan/plan.ts';
import type { BuildSession } from '../session.ts';
import type { Solver } from '../solve/solver.ts';
import type { Step } from '../step.ts';
import { type Description, describeImage } from './describe.ts';
import type { BuildResult, Output } from './output.ts';
import { rewriteTimes } from './rewrite-times.ts';
import { squash } from './squash.ts';
import { exportTree } from './tree.ts';

export interface WriteOptions {
  readonly outputs: readonly Output[];
  readonly squash: boolean;
  readonly epoch: Date | undefined;
}

type ImageOutput = Exclude<Output, { kind: 'tree' }>;

/** Solves the target, and brings the result to wherever it is wanted. */
export async function writeOutputs(
  session: BuildSession,
  solver: Solver,
  plan: Plan,
  { outputs, epoch, ...options }: WriteOptions,
): Promise<BuildResult> {
  const solved = await describeImage(solver, plan, epoch);
  const base = await baseLayers(solver, plan.target.step);
  const described = options.squash ? await squashed(session, base, solved, plan.target.parent) : solved;
  let assembled: Assembled | undefined;
  let image: Image | undefined;
  const pushed: Pushed[] = [];
  for (const output of outputs) {
    if (output.kind === 'tree') {
      await exportTree(session, described, epoch, output.send);
      continue;
    }
    const made = await assemble(session, output, base, described, epoch);
    assembled ??= made;
    if (output.kind === 'image')
      image = session.images.install(made, { names: output.names, parent: plan.target.parent });
    else pushed.push(...(await deliver(session, output, made)));
  }
  return { assembled, image, pushed };
}

async function assemble(
  session: BuildSession,
  { annotations, rewriteTimes: rewrite }: ImageOutput,
  base: readonly BuiltLayer[],
  described: Description,
  epoch: Date | undefined,
): Promise<Assembled> {
  const layers =
    rewrite && epoch ? await rewriteTimes(session, base, described.layers, epoch) : described.layers;
  return await session.images.assemble(session.work, { ...described, layers, annotations }, session.signal);
}

async function deliver(
  { images, signal, onEvent }: BuildSession,
  output: Exclude<ImageOutput, { kind: 'image' }>,
  assembled: Assembled,
): Promise<Pushed[]> {
  if (output.kind === 'archive') {
    await output.send(images.archive(assembled, output.names, signal));
    return [];
  }
  const pushed: Pushed[] = [];
  for (const name of output.names) {
    const auth = await output.authOf(name);
    const onProgress = ({ status: text, id = '', ...rest }: { status: string; id?: string }) =>
      onEvent({ type: 'status', id, text, ...rest });
    pushed.push(await images.pushBuilt(assembled, name, { signal, onProgress, ...(auth && { auth }) }));
  }
  return pushed;
}

/** Layers that the build began with. */
async function baseLayers(solver: Solver, step: Step): Promise<readonly BuiltLayer[]> {
  let at = step;
  while ('base' in at) at = at.base;
  return (await solver.solve(at)).layers;
}

/** Its history keeps every line; only the last has a layer. */
async function squashed(
  session: BuildSession,
  base: readonly BuiltLayer[],
  described: Description,
  parent: string | undefined,
): Promise<Description> {
  const layers = await squash(session, base, described.layers);
  if (layers.length === described.layers.length) return described;
  let left = base.length;
  const history = described.history.map((entry) => {
    if (entry.empty_layer || left-- > 0) return entry;
    return { ...entry, empty_layer: true };
  });
  const comment = `merge ${described.layers.at(-1)?.chainId ?? ''} to ${parent ?? 'scratch'}`;
  const none = layers.length === base.length && { empty_layer: true };
  return { ...described, layers, history: [...history, { created: described.created, comment, ...none }] };
}
