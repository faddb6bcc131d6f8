import { cancelled, messageOf } from '#lib/errors';
import { type Descriptor, MediaType } from '#oci/image';
import { stepsTo } from '../attest/materials.ts';
import { packDirectory } from '../contexts/fetch-remote.ts';
import { pushResult } from '../outputs/push.ts';
import type { BuildSession } from '../session.ts';
import type { Solver } from '../solve/solver.ts';
import type { Step } from '../step.ts';
import { CACHE_CONFIG, encodeCache, type RemoteResult } from './config.ts';
import { type CacheTarget, nameOf } from './places.ts';
import { CACHE_MOUNT, MOUNT_DIFF_ID, MOUNT_ID } from './read.ts';

type Written = Exclude<CacheTarget, { kind: 'inline' }>;

/** Brings the results of the steps to these targets to wherever other builds look for them. */
export async function exportCaches(
  session: BuildSession,
  solver: Solver,
  targets: readonly Step[],
  places: readonly CacheTarget[],
): Promise<void> {
  for (const place of places) {
    if (place.kind === 'inline') continue;
    try {
      await write(session, solver, targets, place);
    } catch (error) {
      if (!place.ignoreError || session.signal.aborted) throw error;
      const text = `the cache ${nameOf(place)} is not written: ${messageOf(error)}`;
      session.onEvent({ type: 'status', id: 'cache', text });
    }
  }
}

/** What is known of these steps' results. */
export async function resultsOf(solver: Solver, steps: Iterable<Step>): Promise<RemoteResult[]> {
  const results: RemoteResult[] = [];
  for (const step of steps) {
    if (step.kind === 'scratch' || step.kind === 'image') continue;
    const result = await solver.resultOf(step);
    if (result) results.push(result);
  }
  return results;
}

/** A target and what it directly stands on. */
export function* chainTo(target: Step): Generator<Step, void> {
  for (let at: Step | undefined = target; at; at = 'base' in at ? at.base : undefined) yield at;
}

async function write(
  session: BuildSession,
  solver: Solver,
  targets: readonly Step[],
  place: Written,
): Promise<void> {
  const { images, work, signal, onEvent } = session;
  const steps = new Set(
    targets.flatMap((target) => [...(place.mode === 'max' ? stepsTo(target) : chainTo(target))]),
  );
  const { config, blobs } = encodeCache(await resultsOf(solver, steps));
  const mounts = place.mounts ? await storeMounts(session, targets) : [];
  if (signal.aborted) throw cancelled('the build was cancelled');
  const document = {
    schemaVersion: 2 as const,
    mediaType: MediaType.ociManifest,
    config: await images.storeDocument(work, config, CACHE_CONFIG),
    layers: [...blobs, ...mounts],
  };
  const target = await images.storeDocument(work, document, MediaType.ociManifest);
  onEvent({
    type: 'status',
    id: 'cache',
    text: `exporting ${config.records.length} results to ${nameOf(place)}`,
  });
  if (place.kind === 'local') await place.send(images.layout({ target }, place.reference, signal));
  else await pushResult(session, { target }, place);
}

/** Directories of the cache mounts that the steps have. One that another build works with is left out, and told of. */
async function storeMounts(session: BuildSession, targets: readonly Step[]): Promise<Descriptor[]> {
  const { images, work, cacheMounts, signal, onEvent } = session;
  const mounts = targets.flatMap(stepsTo).flatMap((step) => (step.kind === 'run' ? step.mounts : []));
  const ids = new Set(mounts.flatMap((mount) => (mount.type === 'cache' ? [mount.id] : [])));
  const stored: Descriptor[] = [];
  for (const id of ids) {
    using held = cacheMounts.hold(id);
    if (!held) {
      onEvent({
        type: 'status',
        id: 'cache',
        text: `the cache mount ${id} is not there or in use: it is left out`,
      });
      continue;
    }
    const archive = await images.storeArchive(work, packDirectory(session, held.path), signal);
    if (!archive) continue;
    const annotations = { [MOUNT_ID]: id, [MOUNT_DIFF_ID]: archive.diffId };
    stored.push({ ...archive.blob, mediaType: CACHE_MOUNT, annotations });
  }
  return stored;
}
