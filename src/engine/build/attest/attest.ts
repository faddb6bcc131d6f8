import { runJob } from '#lib/job';
import { formatPlatform } from '#oci/image';
import { type Filesystem, identityOf } from '../cache.ts';
import type { Solved } from '../outputs/solve-target.ts';
import type { StageState } from '../plan/stage.ts';
import type { BuildSession } from '../session.ts';
import type { Solver } from '../solve/solver.ts';
import { mountFilesystem } from '../sources/mount-filesystem.ts';
import { materialsOf } from './materials.ts';
import type { AttestOptions, Predicate } from './options.ts';
import type { Package } from './packages/package.ts';
import type { ScanInput } from './packages/scan-thread.ts';
import { type BuildFacts, provenanceOf } from './provenance.ts';
import { spdxDocument } from './spdx.ts';

export type CommonFacts = Omit<BuildFacts, 'finishedOn' | 'fetchedDigests' | 'materials' | 'target'>;

const scanThread = new URL('./packages/scan-thread.ts', import.meta.url);

/** What is to be said of one platform's result. */
export async function predicatesOf(
  session: BuildSession,
  solver: Solver,
  solved: Solved,
  facts: CommonFacts,
  { provenance, sbom }: AttestOptions,
): Promise<Predicate[]> {
  const { target } = solved.plan;
  const predicates: Predicate[] = [];
  if (sbom) {
    const { layers, created } = solved.described;
    const name = `${target.name} ${formatPlatform(solved.plan.platform)}`;
    predicates.push(await listOf(session, { layers, created }, name, sbom.filename));
    for (const stage of scannedStages(solved)) {
      const result = await solver.solve(stage.step);
      const filename = sbom.filename.replace(/\.spdx\.json$/, `-${stage.name}.spdx.json`);
      const scanned = { ...result, created: result.created || created };
      predicates.push(await listOf(session, scanned, stage.name, filename));
    }
  }
  if (provenance) {
    const { fetchedDigests } = session;
    const materials = materialsOf(session, target.step);
    const finishedOn = new Date().toISOString();
    const whole = { ...facts, finishedOn, fetchedDigests, materials, target: target.step };
    predicates.push(provenanceOf(whole, provenance));
  }
  return predicates;
}

/** The software in a file system, as a document. */
async function listOf(
  session: BuildSession,
  filesystem: Filesystem,
  name: string,
  filename: string,
): Promise<Predicate> {
  await using mounted = await mountFilesystem(session, filesystem);
  const packages = await runJob<ScanInput, Package[]>(scanThread, { root: mounted.path });
  const identity = identityOf(filesystem);
  const content = spdxDocument(packages, { name, identity, created: filesystem.created, tool: 'berth' });
  return { type: 'https://spdx.dev/Document', content, filename };
}

/** Stages that are looked at beside the target: the argument says so, in each or before the first. */
function scannedStages({ plan: { stages, globals, target } }: Solved): StageState[] {
  const everywhere = globals.find(({ name }) => name === SCAN_STAGE)?.value;
  return stages.filter((stage) => {
    if (stage === target) return false;
    const said = stage.args.get(SCAN_STAGE) ?? everywhere ?? '';
    return /^(?:1|true)$/i.test(said) || said.toLowerCase().split(',').includes(stage.name);
  });
}

const SCAN_STAGE = 'BUILDKIT_SBOM_SCAN_STAGE';
