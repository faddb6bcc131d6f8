import { ulimit } from './host-config.ts';
import { array, map, object, string } from './schema.ts';
import { authConfig } from './system.ts';

/** `labels` of a build. */
export const buildLabels = map(string);
/** `ulimits` of a build. */
export const buildUlimits = array(ulimit);
/** `outputs` of a build. */
export const buildOutputs = array(object({ Type: string, Attrs: map(string) }));
/** `contexts` of a build, ours: where they are, by name. */
export const buildContexts = map(string);
/** `cachefrom` of a build. */
export const buildImageNames = array(string);
/** `cacheimports` and `cacheexports` of a build, ours. */
export const buildCaches = buildOutputs;
/** Ours: what is said of the result beside it, by type, with its attributes. */
export const buildAttestations = map(string);
/** The header X-Registry-Config: credentials by registry. */
export const registryConfigDocument = map(authConfig);
/** The header X-Berth-Build-Secrets: base64 by id. */
export const buildSecretsDocument = map(string);

/** Ours: a build of the past, or one that goes on. Times in RFC 3339; '' for what it has not. */
export interface BuildHistoryEntry {
  readonly ID: string;
  readonly Name: string;
  readonly Status: 'running' | 'completed' | 'failed' | 'cancelled' | 'interrupted';
  readonly CreatedAt: string;
  readonly CompletedAt: string;
  readonly Error: string;
  readonly Dockerfile: string;
  readonly Target: string;
  readonly Remote: string;
  readonly Platforms: readonly string[];
  readonly BuildArgs: readonly string[];
  readonly Tags: readonly string[];
  readonly Steps: { readonly Total: number; readonly Completed: number; readonly Cached: number };
  readonly Warnings: readonly string[];
  readonly ImageID: string;
  readonly Digest: string;
}

/** Ours: a piece of what a build said. `At`: milliseconds since it began. */
export interface BuildLogLine {
  readonly At: number;
  readonly Step?: number;
  readonly Kind: 'started' | 'output' | 'done' | 'cached' | 'failed' | 'note';
  readonly Text: string;
}
