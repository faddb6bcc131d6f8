import type { Readable } from 'node:stream';

/** Files of a client that are sent when it is known which are needed. */
export interface AskedFiles {
  /** A tar of what these paths name, symlinks in them followed; with none, of everything. Paths may have wildcards. */
  open(paths: readonly string[]): Promise<Readable>;
}

/** Where the files of a build come from. */
export type BuildContext =
  /** A tar of all of them. */
  | { readonly kind: 'archive'; readonly content: Readable }
  /** First a tar with the Dockerfile and its list of exceptions, the rest when it is asked for. */
  | ({ readonly kind: 'asked'; readonly described: Readable } & AskedFiles)
  /** A git repository, an archive or a Dockerfile somewhere else. */
  | { readonly kind: 'remote'; readonly url: string };

/** `--build-context name=…`: stands for a stage or an image of that name. */
export type NamedInput =
  | ({ readonly kind: 'asked' } & AskedFiles)
  | { readonly kind: 'remote'; readonly url: string }
  | { readonly kind: 'image'; readonly reference: string }
  /** An OCI layout of the client; `reference`: its tag or digest. */
  | ({ readonly kind: 'layout'; readonly reference: string } & AskedFiles);
