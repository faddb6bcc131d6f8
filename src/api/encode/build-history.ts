import type { BuildRecord } from '#engine/build';
import type { BuildHistoryEntry } from '#protocol';

export const encodeBuild = (record: BuildRecord): BuildHistoryEntry => ({
  ID: record.id,
  Name: record.name,
  Status: record.status,
  CreatedAt: record.created,
  CompletedAt: record.completed ?? '',
  Error: record.error ?? '',
  Dockerfile: record.dockerfile,
  Target: record.target ?? '',
  Remote: record.remote ?? '',
  Platforms: record.platforms,
  BuildArgs: record.buildArgs,
  Tags: record.tags,
  Steps: {
    Total: record.steps.total,
    Completed: record.steps.completed,
    Cached: record.steps.cached,
  },
  Warnings: record.warnings,
  ImageID: record.result?.imageId ?? '',
  Digest: record.result?.digest ?? '',
});
