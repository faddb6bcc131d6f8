import type { BuiltImage } from '#engine/images';
import { now } from '#lib/time';
import type { History } from '#oci/image';
import { type Filesystem, NOTHING } from '../cache.ts';
import type { Plan } from '../plan/plan.ts';
import type { Solver } from '../solve/solver.ts';
import type { Step } from '../step.ts';
import { clampTime, formatEpoch } from './epoch.ts';

export type Description = Omit<BuiltImage, 'annotations'>;

/** The image of a plan whose steps are done. Built again with nothing changed it is the same image. */
export async function describeImage(
  solver: Solver,
  { target }: Plan,
  epoch: Date | undefined,
): Promise<Description> {
  const { layers } = await solver.solve(target.step);
  const history = (await historyOf(solver, target.history)).map((entry) => ({
    ...entry,
    ...(entry.created !== undefined && { created: clampTime(entry.created, epoch) }),
  }));
  const latest = history.findLast((entry) => entry.created !== undefined)?.created ?? now();
  const { os, architecture, variant } = target.platform;
  return {
    config: target.config,
    platform: { os, architecture, ...(variant !== undefined && { variant }) },
    author: target.author,
    created: epoch ? formatEpoch(epoch) : latest,
    layers,
    history,
  };
}

/** Lines without a layer take the time of the one before: so that it does not tell when nothing was done. */
async function historyOf(solver: Solver, planned: Plan['target']['history']): Promise<History[]> {
  const history: History[] = [];
  for (const { entry, step } of planned) {
    const before = history.at(-1)?.created;
    const result = step && (await solver.solve(step));
    const created = entry.created ?? (result?.created || before);
    const empty =
      step === undefined ? entry.empty_layer : !(await addsLayer(solver, step, result ?? NOTHING));
    const { empty_layer: _, ...rest } = entry;
    history.push({ ...rest, ...(created && { created }), ...(empty && { empty_layer: true }) });
  }
  return history;
}

async function addsLayer(solver: Solver, step: Step, result: Filesystem): Promise<boolean> {
  const base = 'base' in step ? await solver.solve(step.base) : NOTHING;
  return result.layers.length > base.layers.length;
}
