import type { Assembled, BuiltLayer, Image, IndexMember, Pushed } from '#engine/images';
import { invalid } from '#lib/errors';
import { type CommonFacts, predicatesOf } from '../attest/attest.ts';
import type { AttestOptions } from '../attest/options.ts';
import { imageSubjects, statementOf } from '../attest/statement.ts';
import type { Plan } from '../plan/plan.ts';
import { encodeInline } from '../remote-cache/config.ts';
import { chainTo, resultsOf } from '../remote-cache/export.ts';
import type { BuildSession } from '../session.ts';
import type { Solver } from '../solve/solver.ts';
import type { BuildResult, Output } from './output.ts';
import { pushResult } from './push.ts';
import { rewriteTimes } from './rewrite-times.ts';
import { solveTarget } from './solve-target.ts';
import { type Attested, exportTrees } from './tree.ts';

export interface WriteOptions {
  readonly outputs: readonly Output[];
  readonly squash: boolean;
  readonly epoch: Date | undefined;
  /** Images are members of an index. */
  readonly indexed: boolean;
  readonly facts: CommonFacts;
  readonly attest: AttestOptions;
  /** Images tell which results of steps their layers are. */
  readonly inlineCache: boolean;
}

type ImageOutput = Exclude<Output, { kind: 'tree' }>;

/** Solves the target for each platform, and brings the results to wherever they are wanted. */
export async function writeOutputs(
  session: BuildSession,
  solver: Solver,
  plans: readonly Plan[],
  options: WriteOptions,
): Promise<BuildResult> {
  const solved = await Promise.all(
    plans.map(async (plan) => {
      const target = await solveTarget(session, solver, plan, options);
      const { facts, attest } = options;
      return { ...target, predicates: await predicatesOf(session, solver, target, facts, attest) };
    }),
  );
  const [first] = solved;
  if (!first) throw invalid('a build needs a platform');
  let assembled: Assembled | undefined;
  let image: Image | undefined;
  const pushed: Pushed[] = [];
  for (const output of options.outputs) {
    if (output.kind === 'tree') {
      await exportTrees(session, solved, options.epoch, output.send);
      continue;
    }
    const made = await assemble(session, solver, output, solved, options);
    assembled ??= made;
    if (output.kind === 'image')
      image = session.images.install(made, { names: output.names, parent: first.parent });
    else pushed.push(...(await deliver(session, output, made)));
  }
  return { assembled, image, pushed };
}

async function assemble(
  session: BuildSession,
  solver: Solver,
  output: ImageOutput,
  solved: readonly Attested[],
  { epoch, indexed, inlineCache: wanted }: WriteOptions,
): Promise<Assembled> {
  const { images, work, signal } = session;
  const { annotations, indexAnnotations, rewriteTimes: rewrite } = output;
  const members: IndexMember[] = [];
  for (const { plan, described, base, predicates } of solved) {
    const layers =
      rewrite && epoch ? await rewriteTimes(session, base, described.layers, epoch) : described.layers;
    const inlineCache = wanted ? await inlineOf(solver, plan, layers) : undefined;
    const image = { ...described, layers, annotations, inlineCache };
    const assembled = await images.assemble(work, image, signal);
    const subjects = imageSubjects(output.names, plan.platform, assembled.target.digest);
    const statements = predicates.map((predicate) => ({
      predicateType: predicate.type,
      content: statementOf(subjects, predicate),
    }));
    members.push({ platform: plan.platform, assembled, statements });
  }
  const [only] = members;
  if (!indexed && only) {
    if (Object.keys(indexAnnotations).length === 0) return only.assembled;
    throw invalid('annotations of an index need one: build for several platforms, or with attestations');
  }
  return await images.assembleIndex(work, members, { annotations: indexAnnotations });
}

async function inlineOf(solver: Solver, { target }: Plan, layers: readonly BuiltLayer[]): Promise<string> {
  const results = await resultsOf(solver, chainTo(target.step));
  return encodeInline(
    results,
    layers.map(({ diffId }) => diffId),
  );
}

async function deliver(
  session: BuildSession,
  output: Exclude<ImageOutput, { kind: 'image' }>,
  assembled: Assembled,
): Promise<Pushed[]> {
  if (output.kind === 'archive') {
    await output.send(session.images.archive(assembled, output.names, session.signal));
    return [];
  }
  const { authOf } = output;
  const pushed: Pushed[] = [];
  for (const reference of output.names)
    pushed.push(await pushResult(session, assembled, { reference, authOf }));
  return pushed;
}
