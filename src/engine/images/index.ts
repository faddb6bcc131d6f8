/** Images: what they are called, what they consist of, and how they come and go. */

export {
  applyInstruction,
  type ConfigInstruction,
  changesConfig,
  commandLine,
  DEFAULT_SHELL,
} from './apply-instruction.ts';
export type { IndexMember } from './assemble-index.ts';
export type { Attestation } from './attestations.ts';
export type { BuiltLayer } from './build-content.ts';
export type { Assembled, BuiltImage } from './built-image.ts';
export { variablesOf } from './changes.ts';
export type { CommitOptions } from './commit.ts';
export { EMPTY_CONFIG } from './config.ts';
export type { Work } from './content.ts';
export type { ImageUsers } from './context.ts';
export type { ForeignContent } from './foreign-content.ts';
export type { HistoryStep } from './history.ts';
export type { HealthcheckConfig, Image, ImageConfig, OnProgress, Progress } from './image.ts';
export { Images, type ImagesOptions } from './images.ts';
export type { ImportOptions } from './import.ts';
export type { RemoteImage } from './inspect-remote.ts';
export type { LoadOptions } from './load.ts';
export type { ManifestSummary } from './manifests.ts';
export type { PruneOptions } from './prune.ts';
export type { PullOptions } from './pull.ts';
export type { Pushed, PushOptions } from './push.ts';
export { DEFAULT_REGISTRIES, type RegistrySettings } from './registries.ts';
export type { RegistryAuth } from './registry.ts';
export type { RemoveOptions, RemoveResult } from './remove.ts';
export type { ImagesUsage } from './usage.ts';
export type { Verification, VerifyOptions } from './verify.ts';
