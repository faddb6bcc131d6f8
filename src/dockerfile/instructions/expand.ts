import { located } from '../error.ts';
import type { Environment } from '../words/environment.ts';
import { expandWord, expandWords } from '../words/expand.ts';
import type { Add, Copy, Instruction } from './instruction.ts';

/**
 * Puts the values of variables into an instruction, as they are when it begins. What the shell will expand (RUN, CMD,
 * ENTRYPOINT) stays as it is, but for the options of RUN's mounts. @throws DockerfileError
 */
export function expandInstruction<T extends Instruction>(
  instruction: T,
  environment: Environment,
  escape: string,
): T {
  const word = (text: string) => expandWord(text, environment, { escape });
  return located(instruction.lines, () => ({
    ...instruction,
    ...expanded(instruction, word, environment, escape),
  }));
}

type Expand = (text: string) => string;

function expanded(
  instruction: Instruction,
  word: Expand,
  environment: Environment,
  escape: string,
): Partial<Instruction> {
  switch (instruction.kind) {
    case 'RUN':
      return { mounts: instruction.mounts.map((mount) => expandMount(mount, word)) };
    case 'COPY':
    case 'ADD':
      return expandFiles(instruction, word, environment, escape);
    case 'ENV':
    case 'LABEL':
      return { pairs: instruction.pairs.map(([name, value]) => [word(name), word(value)] as const) };
    case 'ARG':
      return {
        args: instruction.args.map(({ name, value }) => ({
          name: word(name),
          ...(value === undefined ? {} : { value: word(value) }),
        })),
      };
    case 'EXPOSE':
      return { words: instruction.words.flatMap((each) => expandWords(each, environment, { escape })) };
    case 'VOLUME':
      return { words: instruction.words.map(word) };
    case 'USER':
    case 'WORKDIR':
    case 'STOPSIGNAL':
      return { value: word(instruction.value) };
    default:
      return {};
  }
}

/** `from` names a stage, and takes no variables. */
function expandMount(mount: string, word: Expand): string {
  const fields = mount.split(',');
  return fields.map((field) => (/^from=/i.test(field.trim()) ? field : word(field))).join(',');
}

function expandFiles(
  instruction: Copy | Add,
  word: Expand,
  environment: Environment,
  escape: string,
): Partial<Copy> & Partial<Pick<Add, 'checksum'>> {
  const { chown, chmod } = instruction;
  const checksum = instruction.kind === 'ADD' ? instruction.checksum : undefined;
  return {
    sources: instruction.sources.map(word),
    destination: word(instruction.destination),
    excludes: instruction.excludes.map(word),
    ...(chown === undefined ? {} : { chown: word(chown) }),
    ...(chmod === undefined ? {} : { chmod: word(chmod) }),
    ...(checksum === undefined ? {} : { checksum: word(checksum) }),
    inline: instruction.inline.map((heredoc) => ({
      ...heredoc,
      content: heredoc.literal
        ? heredoc.content
        : expandWord(heredoc.content, environment, { escape, keepQuotes: true }),
    })),
  };
}
