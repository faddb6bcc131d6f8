import type { Lines } from '../error.ts';
import type { Heredoc } from '../statement.ts';

/** What every instruction has. */
interface Placed {
  readonly lines: Lines;
  /** As it is shown in progress and history: `COPY --from=build /app /app`. */
  readonly text: string;
  /** The keyword as written. */
  readonly keyword: string;
  /** The comment right above it. */
  readonly comment: readonly string[];
}

/** A command for the shell, or the words of a program. */
export type Command =
  | { readonly form: 'shell'; readonly script: string }
  | { readonly form: 'exec'; readonly words: readonly string[] };

export interface From extends Placed {
  readonly kind: 'FROM';
  /** An image, an earlier stage or `scratch`; variables not yet in. */
  readonly base: string;
  readonly platform?: string;
  /** Lower case. */
  readonly name?: string;
  /** As written. */
  readonly writtenName?: string;
  /** The word between base and name, as written. */
  readonly as?: string;
}

export interface Run extends Placed {
  readonly kind: 'RUN';
  readonly command: Command;
  readonly heredocs: readonly Heredoc[];
  /** As written: `type=cache,target=/x`. */
  readonly mounts: readonly string[];
  readonly network: 'default' | 'none' | 'host';
  readonly security: 'sandbox' | 'insecure';
  readonly devices: readonly string[];
}

/** COPY and ADD. */
interface FileInstruction extends Placed {
  readonly sources: readonly string[];
  /** Files whose content stands in the Dockerfile; `name` as it was announced. */
  readonly inline: readonly Heredoc[];
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly excludes: readonly string[];
}

export interface Copy extends FileInstruction {
  readonly kind: 'COPY';
  readonly from?: string;
  readonly parents: boolean;
}

export interface Add extends FileInstruction {
  readonly kind: 'ADD';
  readonly checksum?: string;
  readonly keepGitDir: boolean;
  /** Undefined: local archives are unpacked, downloaded ones are not. */
  readonly unpack?: boolean;
}

export interface KeyValues extends Placed {
  readonly kind: 'ENV' | 'LABEL';
  readonly pairs: readonly (readonly [string, string])[];
  /** `ENV name value`. */
  readonly legacy: boolean;
}

export interface Arg extends Placed {
  readonly kind: 'ARG';
  readonly args: readonly { readonly name: string; readonly value?: string }[];
}

export interface StartCommand extends Placed {
  readonly kind: 'CMD' | 'ENTRYPOINT';
  readonly command: Command;
}

/** EXPOSE and VOLUME. */
export interface WordList extends Placed {
  readonly kind: 'EXPOSE' | 'VOLUME';
  readonly words: readonly string[];
}

/** One value that is the whole rest of the line. */
export interface SingleValue extends Placed {
  readonly kind: 'USER' | 'WORKDIR' | 'STOPSIGNAL' | 'MAINTAINER';
  readonly value: string;
}

export interface Shell extends Placed {
  readonly kind: 'SHELL';
  readonly words: readonly string[];
}

export interface OnBuild extends Placed {
  readonly kind: 'ONBUILD';
  /** The instruction that waits for an image built on this one, as it is stored. */
  readonly trigger: string;
}

export interface Healthcheck extends Placed {
  readonly kind: 'HEALTHCHECK';
  /** `['NONE']`, `['CMD', …]`, `['CMD-SHELL', script]`. */
  readonly test: readonly string[];
  /** Nanoseconds; 0: not given. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** All that a stage consists of. */
export type Instruction =
  | Run
  | Copy
  | Add
  | KeyValues
  | Arg
  | StartCommand
  | WordList
  | SingleValue
  | Shell
  | OnBuild
  | Healthcheck;

export type AnyInstruction = Instruction | From;
export type { Placed };
