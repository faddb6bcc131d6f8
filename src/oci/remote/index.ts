// CONTRACT: bodies are being written right now; names and signatures stay.
import type { Digest } from '#oci/digest';
import type { Descriptor } from '#oci/image';
import type { Reference } from '#oci/reference';

export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** An OAuth2 refresh token, exchanged for access tokens. */
  readonly identityToken?: string | undefined;
  /** A bearer token that is sent as it is. */
  readonly registryToken?: string | undefined;
}

export interface RemoteOptions {
  readonly auth?: Credentials | undefined;
  /** Accept any certificate and fall back to plain http. Always so for loopback. */
  readonly insecure?: boolean | undefined;
  /** Base URLs asked before the registry itself, for pulls only. */
  readonly mirrors?: readonly string[] | undefined;
  /** Base URL of the registry's API, where it is not `https://<domain>`. */
  readonly endpoint?: string | undefined;
  /** PEM. */
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly userAgent?: string | undefined;
}

export interface FetchedManifest {
  /** Its digest is that of `content`, verified against what was asked for. */
  readonly descriptor: Descriptor;
  readonly content: Buffer;
}

export interface BlobOptions {
  /** Bytes already there: the stream starts behind them (and is then not verified as a whole). */
  readonly offset?: number | undefined;
}

/** Tag or digest. */
export type ManifestName = string;

export declare class Remote {
  /** No connection is made yet. Dispose the result to close its connections. */
  static repository(reference: Reference, options?: RemoteOptions): Repository;
}

/** One repository of a registry (OCI distribution spec 1.1, Docker registry v2). */
export declare class Repository implements AsyncDisposable {
  /** Is it a v2 registry that lets us in? @throws unauthorized, unavailable */
  ping(signal?: AbortSignal): Promise<void>;
  /** HEAD: what the name stands for now. @throws notFound */
  resolve(name: ManifestName, signal?: AbortSignal): Promise<Descriptor>;
  /** @throws notFound, unauthorized, invalid (too large, digest mismatch) */
  manifest(name: ManifestName, signal?: AbortSignal): Promise<FetchedManifest>;
  /** Verified; resumed by range when the connection breaks. */
  blob(descriptor: Descriptor, options?: BlobOptions, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  tags(signal?: AbortSignal): Promise<string[]>;

  hasBlob(digest: Digest, signal?: AbortSignal): Promise<boolean>;
  /** Takes a blob over from another repository of the same registry; false when the registry does not. */
  mountBlob(digest: Digest, fromRepository: string, signal?: AbortSignal): Promise<boolean>;
  /** `open` is called again for each attempt. */
  pushBlob(
    descriptor: Descriptor,
    open: () => AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void>;
  pushManifest(
    name: ManifestName,
    mediaType: string,
    content: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Digest>;
  [Symbol.asyncDispose](): Promise<void>;
}
