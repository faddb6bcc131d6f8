import { messageOf } from '#lib/errors';
import type { Digest } from '#oci/digest';
import type { Core } from '../content/core.ts';
import type { Uploads } from '../uploads/uploads.ts';
import { ManifestGraph } from './graph.ts';

export interface CollectOptions {
  /** Milliseconds: what was pushed or asked for since is left alone, whoever refers to it. */
  readonly grace: number;
  /** Milliseconds: an upload that nobody touched for so long has ended. */
  readonly uploadLifetime: number;
  /** Also manifests without a tag that no tagged index has and that belong to no living manifest. */
  readonly untagged: boolean;
}

/** What a collection has removed. */
export interface Collected {
  blobs: number;
  bytes: number;
  manifests: number;
  /** Blobs of repositories that none of their manifests names. */
  links: number;
  uploads: number;
  repositories: number;
}

/**
 * Removes what nobody refers to, while everything goes on. Records go before the blobs they speak of, so that it may be
 * killed anywhere; a push that runs meanwhile has said what it relies on (`InUse`).
 */
export async function collect(core: Core, uploads: Uploads, options: CollectOptions): Promise<Collected> {
  const began = Date.now();
  const cutoff = began - options.grace;
  const collected: Collected = { blobs: 0, bytes: 0, manifests: 0, links: 0, uploads: 0, repositories: 0 };
  collected.uploads = await uploads.expire(began - options.uploadLifetime);
  const kept = new Set<Digest>();
  for (const repository of await core.catalogue.repositories.list([])) {
    await collectRepository(core, repository, { ...options, cutoff, kept, collected });
  }
  for await (const { digest, size, stored } of core.storage.list()) {
    if (kept.has(digest) || stored >= cutoff) continue;
    if (!(await core.inUse.remove(digest, cutoff, () => core.storage.delete(digest)))) continue;
    collected.blobs++;
    collected.bytes += size;
  }
  core.inUse.forget(cutoff);
  return collected;
}

interface Run extends CollectOptions {
  readonly cutoff: number;
  readonly kept: Set<Digest>;
  readonly collected: Collected;
}

async function collectRepository(core: Core, repository: string, run: Run): Promise<void> {
  const { catalogue, locks, log } = core;
  const graph = new ManifestGraph(core, repository);
  // Without the lock: what a manifest says never changes.
  await graph.load();
  using _ = await locks.acquire(repository);
  await graph.load();
  if (run.untagged) await removeUntagged(core, graph, run);
  for (const { digest } of graph.manifests) run.kept.add(digest);
  const named = graph.parts();
  for (const text of await catalogue.links.list([repository])) {
    const digest = text as Digest;
    if (named.has(digest) || graph.broken || !(await removeLink(core, repository, digest, run)))
      run.kept.add(digest);
    else run.collected.links++;
  }
  if (graph.broken)
    log.warn('a manifest cannot be read: its repository is left as it is', {
      repository,
      error: messageOf(graph.broken),
    });
  await removeEmpty(core, repository, run);
}

async function removeLink(core: Core, repository: string, digest: Digest, run: Run): Promise<boolean> {
  const { catalogue, inUse, quotas } = core;
  const record = await catalogue.links.get(repository, digest);
  if (record && record.used >= run.cutoff) return false;
  const removed = await inUse.remove(digest, run.cutoff, () => catalogue.links.delete(repository, digest));
  if (removed) quotas.release(repository, digest);
  return removed;
}

async function removeUntagged(core: Core, graph: ManifestGraph, run: Run): Promise<void> {
  const { catalogue, inUse, quotas } = core;
  const { repository } = graph;
  if (graph.broken) return;
  const living = await graph.living();
  for (const { digest, created, subject } of graph.manifests) {
    if (living.has(digest) || created >= run.cutoff) continue;
    const removed = await inUse.remove(digest, run.cutoff, () =>
      catalogue.manifests.delete(repository, digest),
    );
    if (!removed) continue;
    if (subject) await catalogue.referrers.delete(repository, subject, digest);
    quotas.release(repository, digest);
    graph.forget(digest);
    run.collected.manifests++;
  }
}

async function removeEmpty({ catalogue }: Core, repository: string, run: Run): Promise<void> {
  const record = await catalogue.repositories.get(repository);
  if (!record || record.created >= run.cutoff) return;
  for (const shelf of [catalogue.tags, catalogue.manifests, catalogue.links])
    if ((await shelf.list([repository], { limit: 1 })).length > 0) return;
  await catalogue.repositories.delete(repository);
  run.collected.repositories++;
}
