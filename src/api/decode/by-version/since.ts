import type { ApiVersion } from '#protocol';

/** True when the client speaks this version of the API or a newer one. */
export type Since = (version: ApiVersion) => boolean;
