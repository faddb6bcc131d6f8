export { chainIds, MAX_CONFIG_BYTES, parseImageConfig } from './config.ts';
export { UntrustedValue } from './json.ts';
export { encodeDocument, isIndex, MAX_MANIFEST_BYTES, parseManifest } from './manifest.ts';
export {
  isIndexType,
  isManifestType,
  layerType,
  MANIFEST_TYPES,
  MediaType,
} from './media-types.ts';
export {
  choosePlatform,
  formatPlatform,
  hostPlatform,
  matchesPlatform,
  type Platform,
  parsePlatform,
} from './platform.ts';
export type {
  Descriptor,
  Healthcheck,
  History,
  ImageConfig,
  Index,
  Manifest,
  RunConfig,
  StringMap,
} from './types.ts';
