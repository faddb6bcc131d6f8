import type { Dockerfile, Finding, Lines } from '#dockerfile';
import type { BuiltLayer, Image } from '#engine/images';
import type { Platform } from '#oci/image';
import type { Tree } from '../files/tree.ts';
import type { Entitlement } from '../session.ts';

export interface PlanOptions {
  readonly dockerfile: Dockerfile;
  /** Stage name or number; the last without it. */
  readonly target: string | undefined;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  /** The same is planned for others beside: what is shown says which. */
  readonly severalPlatforms: boolean;
  readonly context: Tree;
  /** Whether a path was left out of the context by its rules. */
  readonly isIgnored: (path: string) => boolean;
  /** `--build-context name=…` */
  readonly namedContexts: ReadonlyMap<string, NamedContext>;
  readonly labels: Readonly<Record<string, string>>;
  /** Every step is done anew; with names: those stages' are. */
  readonly noCache: boolean | ReadonlySet<string>;
  readonly network: 'default' | 'none' | 'host';
  /** Undefined: nothing will be run, so that anything may stand there. */
  readonly allow: ReadonlySet<Entitlement> | undefined;
  /** Finds a base image, pulling it when it must. Undefined: nothing is known of it, and nothing will be built on it. */
  readonly resolveImage: (reference: string, platform: Platform) => Promise<Image | undefined>;
  readonly warn: (...found: Finding[]) => void;
}

export type NamedContext =
  | { readonly kind: 'tree'; readonly tree: Tree }
  | { readonly kind: 'image'; readonly reference: string }
  /** An image that is in no catalog: the build alone holds it. */
  | { readonly kind: 'held'; readonly image: Image; readonly layers: readonly BuiltLayer[] };

/** What the lint finds, or that build arguments were not used. */
export interface Warning {
  readonly rule: Finding['rule'] | 'UnusedBuildArgs';
  readonly message: string;
  readonly lines: Lines | undefined;
}
