import { invalid } from '#lib/errors';

const PROPAGATIONS = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'] as const;
export type Propagation = (typeof PROPAGATIONS)[number];
export const isPropagation = (word: string): word is Propagation =>
  (PROPAGATIONS as readonly string[]).includes(word);

const CONSISTENCIES = ['consistent', 'cached', 'delegated', 'default'];

export interface MountMode {
  readonly readonly: boolean;
  readonly noCopy: boolean;
  readonly propagation: Propagation | undefined;
}

/**
 * The third part of `source:target:mode`: `ro` or `rw`, a propagation (binds), `nocopy` (volumes), an SELinux
 * label `z` or `Z`, a consistency word of other platforms; at most one of each kind.
 * @throws invalid `invalid mode: x`
 */
export function parseMountMode(mode: string, type: 'bind' | 'volume'): MountMode {
  const seen: Partial<Record<string, string>> = {};
  for (const word of mode === '' ? [] : mode.split(',')) {
    const kind = kindOf(word, type);
    if (kind === undefined || seen[kind] !== undefined) throw invalid(`invalid mode: ${mode}`);
    seen[kind] = word;
  }
  const propagation = seen['propagation'];
  return {
    readonly: seen['access'] === 'ro',
    noCopy: seen['copy'] !== undefined,
    propagation: propagation !== undefined && isPropagation(propagation) ? propagation : undefined,
  };
}

export const isMountMode = (text: string, type: 'bind' | 'volume'): boolean => {
  try {
    parseMountMode(text, type);
    return text !== '';
  } catch {
    return false;
  }
};

function kindOf(word: string, type: 'bind' | 'volume'): string | undefined {
  if (word === 'ro' || word === 'rw') return 'access';
  if (word === 'z' || word === 'Z') return 'label';
  if (CONSISTENCIES.includes(word)) return 'consistency';
  if (type === 'bind' && isPropagation(word)) return 'propagation';
  if (type === 'volume' && word === 'nocopy') return 'copy';
  return undefined;
}
