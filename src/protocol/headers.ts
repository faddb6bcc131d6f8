/** Lower case, as node:http gives them. */
export const header = {
  apiVersion: 'api-version',
  osType: 'ostype',
  experimental: 'docker-experimental',
  builderVersion: 'builder-version',
  swarm: 'swarm',
  registryAuth: 'x-registry-auth',
  registryConfig: 'x-registry-config',
  /** Ours, of `/_ping`: builds ask for further connections, by which files go both ways. */
  buildStreams: 'berth-build-streams',
  /** Ours: secrets of a build by id, base64, as base64url JSON. */
  buildSecrets: 'x-berth-build-secrets',
  sessionId: 'x-docker-expose-session-uuid',
  /** Repeated: `/moby.filesync.v1.FileSync/DiffCopy`. */
  sessionMethod: 'x-docker-expose-session-grpc-method',
  pathStat: 'x-docker-container-path-stat',
} as const;

export const mediaType = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  jsonSequence: 'application/json-seq',
  jsonLines: 'application/jsonl',
  plainText: 'text/plain; charset=utf-8',
  tar: 'application/x-tar',
  rawStream: 'application/vnd.docker.raw-stream',
  multiplexedStream: 'application/vnd.docker.multiplexed-stream',
} as const;

/** Base64url with padding, as Go's URLEncoding writes it. */
export function encodeHeaderJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** Accepts both base64 alphabets, padded or not. @throws SyntaxError when it is no JSON */
export function decodeHeaderJson(text: string): unknown {
  return JSON.parse(Buffer.from(text, 'base64').toString());
}
