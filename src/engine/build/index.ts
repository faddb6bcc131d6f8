/** Building images: a Dockerfile becomes steps, steps become layers, layers become an image. */

export type { AttestOptions, ProvenanceOptions, SbomOptions } from './attest/options.ts';
export { Builder, type BuilderOptions, type BuildOptions, type InspectOptions } from './builder.ts';
export { BuildCache } from './cache.ts';
export type { CachePolicy } from './collect.ts';
export type { BuildContext, NamedInput } from './contexts/input.ts';
export type { BuildHistory, HistoryChange } from './history/history.ts';
export type { BuildLogEntry, BuildRecord } from './history/record.ts';
export { type Inspection, type Outline, outlineOf, type Target, targetsOf } from './inspection.ts';
export type { BuildResult, Output } from './outputs/output.ts';
export type { PlannedLine } from './plan/stage.ts';
export type { BuildEvent, OnBuildEvent } from './progress.ts';
export type { PruneCacheOptions } from './prune.ts';
export type { CacheSource, CacheTarget } from './remote-cache/places.ts';
export type { BuildLimits, Entitlement, Secrets, SshAgents } from './session.ts';
export type { SolvedFile, SolvedFiles } from './solved-files.ts';
export { inputsOf, type Step } from './step.ts';
export { RunFailed } from './steps/run-step.ts';
export type { CacheEntry } from './usage.ts';
