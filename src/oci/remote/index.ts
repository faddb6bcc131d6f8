export type { Credentials } from './auth.ts';
export { connector } from './connector.ts';
export type { RemoteOptions } from './endpoints.ts';
export { explainRefusal, type RegistryAction, RegistryError } from './errors.ts';
export { isLoopback } from './loopback.ts';
export type { FetchedManifest } from './manifests.ts';
export { NetworkError } from './network-errors.ts';
export { type BlobOptions, type ManifestName, Remote, type Repository } from './remote.ts';
export { type FoundRepository, searchIndex } from './search.ts';
