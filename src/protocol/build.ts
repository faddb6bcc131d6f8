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
