import type { BuiltLayer } from '#engine/images';
import type { Plan } from '../plan/plan.ts';
import type { BuildSession } from '../session.ts';
import type { Solver } from '../solve/solver.ts';
import type { Step } from '../step.ts';
import { type Description, describeImage } from './describe.ts';
import { squash } from './squash.ts';

/** A target whose steps are done. */
export interface Solved {
  readonly plan: Plan;
  readonly described: Description;
  /** Layers that it began with. */
  readonly base: readonly BuiltLayer[];
  /** Id of the image that it began with. */
  readonly parent: string | undefined;
}

export async function solveTarget(
  session: BuildSession,
  solver: Solver,
  plan: Plan,
  options: { readonly squash: boolean; readonly epoch: Date | undefined },
): Promise<Solved> {
  const { parent, step } = plan.target;
  const described = await describeImage(solver, plan, options.epoch);
  const base = await baseLayers(solver, step);
  const result = options.squash ? await squashed(session, base, described, parent) : described;
  return { plan, described: result, base, parent };
}

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
