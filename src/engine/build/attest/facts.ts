import { newId } from '#lib/ids';
import type { BuildContext } from '../contexts/input.ts';
import { BUILTIN_ARGUMENTS } from '../plan/arguments.ts';
import type { CommonFacts } from './attest.ts';

interface Request {
  readonly context: BuildContext;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
}

/** What a request says of its build. */
export const factsOf = ({
  context,
  buildArgs,
  labels,
  target,
}: Request): Pick<CommonFacts, 'id' | 'remote' | 'args'> => ({
  id: newId(),
  remote: context.kind === 'remote' ? context.url : undefined,
  args: {
    ...(target !== undefined && { target }),
    ...prefixed(
      'build-arg:',
      [...buildArgs].filter(([name]) => !isAboutAttestations(name)),
    ),
    ...prefixed('label:', Object.entries(labels)),
  },
});

const isAboutAttestations = (name: string): boolean =>
  name.startsWith('BUILDKIT_ATTEST_') || (name.startsWith('BUILDKIT_SBOM_') && BUILTIN_ARGUMENTS.has(name));

const prefixed = (prefix: string, entries: readonly (readonly [string, string])[]): Record<string, string> =>
  Object.fromEntries(entries.map(([name, value]) => [`${prefix}${name}`, value]));
