import type { Arg, Instruction, KeyValues, StartCommand, WordList } from '../instructions/instruction.ts';
import type { Finding } from './lint.ts';

/** What a stage begins with, as far as it matters for its checks. */
export interface LintedStage {
  /** A SHELL was set: whoever does that wants its form. */
  shell: boolean;
  /** An absolute WORKDIR was set in this build. */
  absoluteWorkdir: boolean;
}

/** Checks the instructions of a stage one after the other, in which what came before matters. */
export class StageLint {
  readonly state: LintedStage;
  readonly #last = new Map<string, Instruction>();

  constructor(state: LintedStage) {
    this.state = { ...state };
  }

  /** `instruction`: its variables put in. */
  next(instruction: Instruction): Finding[] {
    switch (instruction.kind) {
      case 'CMD':
      case 'ENTRYPOINT':
        return [...this.#once(instruction), ...this.#shellForm(instruction)];
      case 'HEALTHCHECK':
        return this.#once(instruction);
      case 'SHELL':
        this.state.shell = true;
        return [];
      case 'WORKDIR':
        return this.#workdir(instruction.value, instruction.lines);
      case 'ARG':
      case 'ENV':
        return secrets(instruction);
      case 'EXPOSE':
        return exposed(instruction);
      default:
        return [];
    }
  }

  /** What is said of the one before: it is the one that counts for nothing. */
  #once(instruction: Instruction): Finding[] {
    const { kind } = instruction;
    const before = this.#last.get(kind);
    this.#last.set(kind, instruction);
    if (!before) return [];
    const message = `Multiple ${kind} instructions should not be used in the same stage because only the last one will be used`;
    return [{ rule: 'MultipleInstructionsDisallowed', message, lines: before.lines }];
  }

  #shellForm({ kind, command, lines }: StartCommand): Finding[] {
    if (command.form === 'exec' || this.state.shell) return [];
    const message = `JSON arguments recommended for ${kind} to prevent unintended behavior related to OS signals`;
    return [{ rule: 'JSONArgsRecommended', message, lines }];
  }

  #workdir(path: string, lines: Finding['lines']): Finding[] {
    if (path.startsWith('/')) this.state.absoluteWorkdir = true;
    if (this.state.absoluteWorkdir) return [];
    const message = `Relative workdir "${path}" can have unexpected results if the base image changes`;
    return [{ rule: 'WorkdirRelativePath', message, lines }];
  }
}

const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const PUBLIC = /(?:_|^)public(?:_|$)/i;

function secrets(instruction: Arg | KeyValues): Finding[] {
  const names =
    instruction.kind === 'ARG'
      ? instruction.args.map(({ name }) => name)
      : instruction.pairs.map(([name]) => name);
  return names
    .filter((name) => SECRET.test(name) && !PUBLIC.test(name))
    .map((name) => ({
      rule: 'SecretsUsedInArgOrEnv',
      message: `Do not use ARG or ENV instructions for sensitive data (${instruction.kind} "${name}")`,
      lines: instruction.lines,
    }));
}

function exposed({ words, lines }: WordList): Finding[] {
  return words.flatMap((word) => {
    const found: Finding[] = [];
    const [port = '', protocol = ''] = word.split('/', 2);
    if (protocol !== protocol.toLowerCase()) {
      const message = `Defined protocol '${word}' in EXPOSE instruction should be lowercase`;
      found.push({ rule: 'ExposeProtoCasing', message, lines });
    }
    if (port.includes(':')) {
      const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${word}'`;
      found.push({ rule: 'ExposeInvalidFormat', message, lines });
    }
    return found;
  });
}
