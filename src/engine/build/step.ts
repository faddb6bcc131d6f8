import type { Lines, RunMount } from '#dockerfile';
import type { BuiltLayer } from '#engine/images';
import type { Platform } from '#oci/image';
import type { Tree } from './files/tree.ts';

/** What a step begins with or copies from. */
export type Source =
  | { readonly kind: 'step'; readonly step: Step }
  /** A tree that is there before the build begins: a context. `name` tells it from others of the same build. */
  | { readonly kind: 'context'; readonly name: string; readonly tree: Tree }
  /** Files whose content stands in the Dockerfile. */
  | { readonly kind: 'inline'; readonly files: readonly InlineFile[] }
  /** What ADD downloads. */
  | { readonly kind: 'url'; readonly url: string; readonly checksum: string | undefined }
  | {
      readonly kind: 'git';
      readonly url: string;
      readonly keepGitDir: boolean;
      readonly checksum: string | undefined;
    };

export interface InlineFile {
  readonly name: string;
  readonly content: string;
}

interface Common {
  /** `[build 2/5] RUN make`: what progress shows. */
  readonly title: string;
  readonly lines: Lines | undefined;
  readonly platform: Platform;
}

/** An empty file system. */
export interface ScratchStep extends Common {
  readonly kind: 'scratch';
}

/** The file system of an image that is there. */
export interface ImageStep extends Common {
  readonly kind: 'image';
  readonly imageId: string;
  /** As it is called in the Dockerfile. */
  readonly reference: string;
  /** Of an image that is in no catalog. */
  readonly layers?: readonly BuiltLayer[] | undefined;
}

/** A command in a container. */
export interface RunStep extends Common {
  readonly kind: 'run';
  readonly base: Step;
  readonly command: readonly string[];
  /** A script whose first line names its interpreter: it becomes a file, and that is run. */
  readonly script: InlineFile | undefined;
  readonly env: readonly string[];
  /** Names of variables that do not count when results are compared: proxies. */
  readonly volatileEnv: ReadonlySet<string>;
  readonly user: string;
  readonly workingDir: string;
  readonly network: 'default' | 'none' | 'host';
  readonly privileged: boolean;
  readonly mounts: readonly StepMount[];
  /** Its result is not taken from the cache. */
  readonly noCache: boolean;
}

/** A mount whose source is found. */
export type StepMount = RunMount & { readonly content?: Source | undefined };

/** Files copied into a file system: one layer. */
export interface CopyStep extends Common {
  readonly kind: 'copy';
  readonly base: Step;
  readonly from: Source;
  readonly sources: readonly string[];
  readonly excludes: readonly string[];
  readonly destination: string;
  /** As written: names are looked up in the base. */
  readonly owner: string | undefined;
  readonly mode: string | undefined;
  readonly parents: boolean;
  /** The layer does not depend on what is below it. */
  readonly link: boolean;
  /** Archives become what they hold. */
  readonly unpack: 'local' | 'always' | 'never';
  readonly noCache: boolean;
}

/** WORKDIR: a directory that must be there. */
export interface DirectoryStep extends Common {
  readonly kind: 'directory';
  readonly base: Step;
  readonly path: string;
}

export type Step = ScratchStep | ImageStep | RunStep | CopyStep | DirectoryStep;

/** What comes right before a step, and what it reads beside that. */
export function inputsOf(step: Step): Step[] {
  const sources: Source[] = [];
  if (step.kind === 'copy') sources.push(step.from);
  if (step.kind === 'run') sources.push(...step.mounts.flatMap(({ content }) => content ?? []));
  const read = sources.flatMap((source) => (source.kind === 'step' ? [source.step] : []));
  return 'base' in step ? [step.base, ...read] : read;
}
