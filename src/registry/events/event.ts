import { randomUUID } from 'node:crypto';
import type { Digest } from '#oci/digest';

/** What has happened to a repository, in the form of Docker's registry notifications, which receivers know. */
export interface RegistryEvent {
  readonly id: string;
  readonly timestamp: string;
  readonly action: 'push' | 'delete';
  readonly target: {
    readonly repository: string;
    readonly digest: Digest;
    readonly mediaType: string;
    readonly size: number;
    readonly length: number;
    readonly tag?: string | undefined;
    readonly url: string;
  };
  readonly request: {
    readonly id: string;
    readonly addr: string | undefined;
    readonly host: string | undefined;
    readonly method: string;
    readonly useragent: string | undefined;
  };
  readonly actor: { readonly name?: string | undefined };
}

export interface Happening extends Pick<RegistryEvent, 'action' | 'request'> {
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  readonly user: string | undefined;
  /** The registry's address, as the client knows it. */
  readonly base: string;
}

export function eventOf(happening: Happening): RegistryEvent {
  const { action, request, repository, tag, digest, mediaType, size, user, base } = happening;
  const url = `${base}/v2/${repository}/manifests/${digest}`;
  return {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action,
    target: { repository, digest, mediaType, size, length: size, url, ...(tag !== undefined && { tag }) },
    request,
    actor: user === undefined ? {} : { name: user },
  };
}
