import { formatPlatform } from '#oci/image';
import { inputsOf, type Source, type Step } from '../step.ts';
import { packageUrl } from './statement.ts';

/** The graph of a build in the form of BuildKit's definitions: a step names those that it needs. */
export function buildSteps(ordered: readonly Step[]): object[] {
  const ids = new Map(ordered.map((step, index) => [step, `step${index}`]));
  return ordered.map((step) => {
    const inputs = inputsOf(step).flatMap((input) => {
      const id = ids.get(input);
      return id === undefined ? [] : [`${id}:0`];
    });
    const { os: OS, architecture: Architecture } = step.platform;
    return {
      id: ids.get(step),
      op: { Op: operationOf(step), platform: { Architecture, OS } },
      ...(inputs.length > 0 && { inputs }),
    };
  });
}

function operationOf(step: Step): object {
  switch (step.kind) {
    case 'scratch':
      return { source: { identifier: 'scratch://' } };
    case 'image':
      return { source: { identifier: packageUrl(step.reference, step.platform) } };
    case 'directory':
      return { file: { actions: [{ Action: { mkdir: { path: step.path, makeParents: true } } }] } };
    case 'copy':
      return { file: { actions: step.sources.map((src) => ({ Action: { copy: copyOf(step, src) } })) } };
    case 'run': {
      const { command, env, user, workingDir, network, privileged, mounts } = step;
      return {
        exec: {
          meta: { args: command, env, cwd: workingDir, ...(user !== '' && { user }) },
          ...(network !== 'default' && { network }),
          ...(privileged && { security: 'insecure' }),
          ...(mounts.length > 0 && { mounts: mounts.map(mountOf) }),
        },
      };
    }
  }
}

const copyOf = (step: Extract<Step, { kind: 'copy' }>, src: string): object => ({
  src,
  dest: step.destination,
  ...(step.owner !== undefined && { owner: step.owner }),
  ...(step.mode !== undefined && { mode: step.mode }),
  from: sourceOf(step.from),
});

function sourceOf(source: Source): string {
  switch (source.kind) {
    case 'step':
      return formatPlatform(source.step.platform);
    case 'context':
      return `local://${source.name || 'context'}`;
    case 'inline':
      return 'inline://';
    default:
      return source.url;
  }
}

/** Ids of secrets and agents, never what they hold. */
const mountOf = (mount: Extract<Step, { kind: 'run' }>['mounts'][number]): object => ({
  mountType: mount.type,
  ...('target' in mount && mount.target !== undefined && { dest: mount.target }),
  ...('id' in mount && { id: mount.id }),
});
