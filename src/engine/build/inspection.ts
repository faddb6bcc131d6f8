import type { Dockerfile, Finding, Lines } from '#dockerfile';
import type { BerthError } from '#lib/errors';
import type { DockerfileSource } from './front-end.ts';
import { descriptionOf } from './plan/arg.ts';
import type { Plan } from './plan/plan.ts';
import type { DeclaredArg } from './plan/stage.ts';

/** What can be said about a Dockerfile without building it. */
export type Inspection = {
  readonly source: DockerfileSource;
  readonly findings: readonly Finding[];
} & (
  | { readonly dockerfile: Dockerfile; readonly plan: Plan; readonly error?: undefined }
  /** It cannot be built: why. */
  | { readonly error: BerthError }
);

export interface Target {
  readonly name: string;
  /** It is built when nobody names one. */
  readonly isDefault: boolean;
  readonly description: string;
  readonly base: string;
  readonly platform: string;
  readonly lines: Lines;
}

/** The stages that can be built: those with a name, and the last. */
export function targetsOf({ stages }: Dockerfile): Target[] {
  return stages.flatMap(({ from }, index) => {
    const isDefault = index === stages.length - 1;
    if (from.name === undefined && !isDefault) return [];
    const { writtenName: name = '', base, platform = '', lines } = from;
    return [{ name, isDefault, description: descriptionOf(from.name ?? '', from), base, platform, lines }];
  });
}

interface Needed {
  readonly id: string;
  readonly required: boolean;
  readonly lines: Lines | undefined;
}

/** What a build of one target takes: its arguments, secrets, agents and caches. */
export interface Outline {
  readonly name: string;
  readonly description: string;
  readonly args: readonly DeclaredArg[];
  readonly secrets: readonly Needed[];
  readonly ssh: readonly Needed[];
  readonly caches: readonly Needed[];
}

export function outlineOf({ target, stages, globals }: Plan, dockerfile: Dockerfile): Outline {
  const from = dockerfile.stages.find(
    (stage) => (stage.from.name ?? `stage-${stage.index}`) === target.name,
  )?.from;
  const args = new Map<string, DeclaredArg>();
  for (const arg of [...globals, ...stages.flatMap(({ declared }) => declared)]) {
    const known = args.get(arg.name);
    if (known) args.set(arg.name, { ...known, description: known.description || arg.description });
    else args.set(arg.name, arg);
  }
  const mounts = stages.flatMap(({ lines }) =>
    lines.flatMap(({ step }) =>
      step?.kind === 'run' ? step.mounts.map((mount) => ({ mount, lines: step.lines })) : [],
    ),
  );
  const needed = (type: 'secret' | 'ssh' | 'cache'): Needed[] => {
    const found = mounts.flatMap(({ mount, lines }): Needed[] =>
      mount.type === type ? [{ id: mount.id, required: 'required' in mount && mount.required, lines }] : [],
    );
    return [...Map.groupBy(found, ({ id }) => id).values()].flatMap(([first, ...rest]) =>
      first ? [{ ...first, required: [first, ...rest].some(({ required }) => required) }] : [],
    );
  };
  return {
    name: from?.writtenName ?? '',
    description: from ? descriptionOf(from.name ?? '', from) : '',
    args: [...args.values()],
    secrets: needed('secret'),
    ssh: needed('ssh'),
    caches: needed('cache'),
  };
}
