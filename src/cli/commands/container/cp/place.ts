import { Exit } from '../../../errors.ts';

/** One side of `cp`. */
export type Place =
  | { readonly kind: 'container'; readonly container: string; readonly path: string }
  | { readonly kind: 'local'; readonly path: string }
  /** A tar on stdin or stdout. */
  | { readonly kind: 'stream' };

/** `web:/etc/x`, `./a:b`, `/abs:olute`, `-`. */
export function parsePlace(argument: string): Place {
  if (argument === '-') return { kind: 'stream' };
  const colon = argument.indexOf(':');
  // A colon behind a slash or a leading dot belongs to a local file's name.
  if (argument.startsWith('/') || argument.startsWith('.') || colon < 0)
    return { kind: 'local', path: argument };
  return { kind: 'container', container: argument.slice(0, colon), path: argument.slice(colon + 1) };
}

export interface Source {
  /** As typed: a trailing `/.` means what is inside the directory. */
  readonly path: string;
  readonly isDirectory: boolean;
}

export interface Destination {
  readonly path: string;
  readonly exists: boolean;
  readonly isDirectory: boolean;
}

/** Where the copy goes: into `directory`, under `name`; '' puts the contents of a source directory straight into it. */
export interface Target {
  readonly directory: string;
  readonly name: string;
}

/**
 * Docker's rules, from what both sides are: into an existing directory under the source's name, else to the
 * destination's own name; `dir/.` copies contents.
 * @throws Exit
 */
export function targetOf(source: Source, destination: Destination): Target {
  const { path } = destination;
  if (destination.exists && destination.isDirectory) {
    return { directory: path, name: meansContents(source.path) ? '' : baseName(source.path) };
  }
  if (destination.exists && source.isDirectory) throw new Exit(1, 'cannot copy directory');
  if (destination.exists && endsLikeDirectory(path)) throw new Exit(1, `not a directory: ${path}`);
  if (!destination.exists && !source.isDirectory && endsLikeDirectory(path)) {
    throw new Exit(1, `no such directory: ${path}`);
  }
  return { directory: parentOf(path), name: baseName(path) };
}

export const endsLikeDirectory = (path: string): boolean => /(^|\/)\.?$/.test(path);

const meansContents = (path: string) => /(^|\/)\.$/.test(path) || trimmed(path) === '';

const trimmed = (path: string) => path.replace(/(\/+\.?)+$/, '');

/** The last component, without a trailing slash or dot. */
export function baseName(path: string): string {
  const bare = trimmed(path);
  return bare === '.' ? '' : bare.slice(bare.lastIndexOf('/') + 1);
}

function parentOf(path: string): string {
  const bare = trimmed(path);
  const slash = bare.lastIndexOf('/');
  return slash < 0 ? '.' : bare.slice(0, slash) || '/';
}
