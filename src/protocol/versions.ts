/** Newest version of Docker's Engine API that is spoken here. */
export const MAX_API_VERSION = '1.56';
/** Oldest one: what Docker itself can be made to accept. */
export const MIN_API_VERSION = '1.24';

/** A `major.minor` version of the API. */
export type ApiVersion = `${number}.${number}`;

export const isApiVersion = (text: string): text is ApiVersion => /^\d{1,5}\.\d{1,5}$/.test(text);

/** Negative, zero or positive as `a` is older than, equal to or newer than `b`; numeric, so 1.9 < 1.24. */
export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

export const atLeast = (version: string, wanted: ApiVersion): boolean =>
  compareVersions(version, wanted) >= 0;

/** What a client speaks with a server: the older of both maxima. An empty answer means a server from before 1.24. */
export const negotiate = (server: string): string =>
  compareVersions(server || MIN_API_VERSION, MAX_API_VERSION) < 0
    ? server || MIN_API_VERSION
    : MAX_API_VERSION;
