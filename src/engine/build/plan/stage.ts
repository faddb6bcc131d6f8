import { type Environment, type Lines, StageLint } from '#dockerfile';
import { type ImageConfig, variablesOf } from '#engine/images';
import type { History, Platform } from '#oci/image';
import type { Step } from '../step.ts';

/** A stage as far as it is planned: what its next instruction builds on. */
export class StageState implements Environment {
  readonly name: string;
  readonly platform: Platform;
  step: Step;
  config: ImageConfig;
  author: string;
  /** Id of the image that it began with. */
  readonly parent: string | undefined;
  readonly history: PlannedHistory[];
  /** Whether a CMD came before an ENTRYPOINT. */
  commandSet = false;
  /** Its instructions as they are shown, in their order. */
  readonly lines: PlannedLine[] = [];
  readonly lint: StageLint;
  /** Nothing is known of the image that it began with. */
  readonly unknownBase: boolean;
  /** Every ARG of it, for those who ask what can be said. */
  readonly declared: DeclaredArg[] = [];
  /** Declared by ARG so far, with values. */
  readonly args = new Map<string, string | undefined>();

  constructor(start: {
    readonly name: string;
    readonly platform: Platform;
    readonly step: Step;
    readonly config: ImageConfig;
    readonly author: string;
    readonly parent: string | undefined;
    readonly history: readonly PlannedHistory[];
    readonly absoluteWorkdir?: boolean;
    readonly unknownBase?: boolean;
  }) {
    this.name = start.name;
    this.platform = start.platform;
    this.step = start.step;
    this.config = start.config;
    this.author = start.author;
    this.parent = start.parent;
    this.history = [...start.history];
    this.unknownBase = start.unknownBase ?? false;
    this.lint = new StageLint({
      shell: start.config.shell !== undefined,
      absoluteWorkdir: start.absoluteWorkdir ?? false,
    });
  }

  /** What ENV says wins over ARG. */
  get(name: string): string | undefined {
    return this.variables().get(name);
  }

  variables(): Map<string, string> {
    const values = new Map<string, string>();
    for (const [name, value] of this.args) if (value !== undefined) values.set(name, value);
    for (const [name, value] of variablesOf(this.config)) values.set(name, value);
    return values;
  }

  add(step: Step, createdBy: string): void {
    this.step = step;
    this.history.push({ entry: { created_by: createdBy, comment: COMMENT }, step });
  }

  note(createdBy: string): void {
    this.history.push({
      entry: { created_by: createdBy, comment: COMMENT, empty_layer: true },
      step: undefined,
    });
  }
}

/** An argument as somebody sees it who wants to know what a build takes. */
export interface DeclaredArg {
  readonly name: string;
  readonly value: string | undefined;
  readonly description: string;
  readonly lines: Lines;
}

/** An instruction and, if it makes files, the step that it became. */
export interface PlannedLine {
  readonly text: string;
  readonly step: Step | undefined;
}

/** A line of the image's history; whether it has a layer is known when its step is done. */
export interface PlannedHistory {
  readonly entry: History;
  /** Undefined: it has none, or it is the base image's own. */
  readonly step: Step | undefined;
}

/** What others write who build so: tools tell by it how to read the line. */
const COMMENT = 'buildkit.dockerfile.v0';
