import {
  type Dockerfile,
  excerpt,
  IgnoreRules,
  type LintSettings,
  parseDockerfile,
  parseLintSettings,
  readIgnoreFile,
} from '#dockerfile';
import { invalid, unsupported } from '#lib/errors';
import type { TarTree } from './files/tar-tree.ts';

const DOCKERFILE_LIMIT = 16 * 2 ** 20;

export interface DockerfileSource {
  readonly name: string;
  readonly source: string;
}

export interface ReadDockerfile extends DockerfileSource {
  readonly dockerfile: Dockerfile;
}

interface Wanted {
  readonly dockerfile: string;
  readonly dockerfileContent?: string;
  readonly ignoreContent?: string;
  readonly buildArgs: ReadonlyMap<string, string>;
}

/** @throws invalid when it is not in the context */
export function findDockerfile(
  context: TarTree,
  { dockerfile: path, dockerfileContent }: Wanted,
): DockerfileSource {
  const name = path.replace(/^(?:\.?\/)+/, '');
  const source = dockerfileContent ?? context.readSmall(name, DOCKERFILE_LIMIT)?.toString();
  if (source === undefined) {
    throw invalid(`Cannot locate specified Dockerfile: ${path}: the build context has no such file`);
  }
  return { name, source };
}

/** @throws DockerfileError, unsupported for a front end of its own */
export function readDockerfile(context: TarTree, wanted: Wanted): ReadDockerfile {
  const found = findDockerfile(context, wanted);
  try {
    const dockerfile = parseDockerfile(found.source);
    checkSyntax(wanted.buildArgs.get('BUILDKIT_SYNTAX') ?? dockerfile.directives.syntax);
    return { ...found, dockerfile };
  } catch (error) {
    throw withExcerpt(error, found);
  }
}

/** `# syntax=docker/dockerfile:1` and its versions are what is built in; other languages are programs of others. */
const BUILT_IN = /^(?:dockerfile\.v0|(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?)$/;

function checkSyntax(syntax: string | undefined): void {
  // Words after the name are arguments for the front end.
  const [name = ''] = (syntax ?? '').trim().split(/\s+/);
  if (name === '' || BUILT_IN.test(name)) return;
  throw unsupported(
    `syntax "${name}" is not supported: only Dockerfiles are (# syntax=docker/dockerfile:1), without a front end image`,
  );
}

/** A file of its own for one Dockerfile wins over the one for all. */
export function ignoreRules(
  context: TarTree,
  { dockerfile, ignoreContent }: Pick<Wanted, 'dockerfile' | 'ignoreContent'>,
): IgnoreRules {
  if (ignoreContent !== undefined) return new IgnoreRules(readIgnoreFile(ignoreContent));
  const own = context.readSmall(`${dockerfile}.dockerignore`, DOCKERFILE_LIMIT);
  const text = own ?? context.readSmall('.dockerignore', DOCKERFILE_LIMIT);
  return new IgnoreRules(text ? readIgnoreFile(text.toString()) : []);
}

/** What a build argument says wins over the directive. @throws DockerfileError */
export const lintSettings = (
  { directives }: Dockerfile,
  buildArgs: ReadonlyMap<string, string>,
): LintSettings => parseLintSettings(buildArgs.get('BUILDKIT_DOCKERFILE_CHECK') ?? directives.check);

/** An error that knows its line shows it, and keeps its place for who shows it otherwise. */
export function withExcerpt<E>(error: E, { source, name }: DockerfileSource): E {
  if (!(error instanceof Error) || !('lines' in error) || 'excerpt' in error) return error;
  const { lines } = error;
  if (typeof lines !== 'object' || lines === null || !('first' in lines && 'last' in lines)) return error;
  const shown = { first: Number(lines.first), last: Number(lines.last) };
  return Object.assign(error, {
    excerpt: excerpt(source, shown, name),
    place: { name, source, lines: shown },
  });
}
