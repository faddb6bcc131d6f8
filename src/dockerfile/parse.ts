import { type Directives, parseDirectives } from './directives.ts';
import { DockerfileError, type Lines } from './error.ts';
import type { Arg, From, Instruction } from './instructions/instruction.ts';
import { parseInstruction } from './instructions/parse.ts';
import type { Statement } from './statement.ts';
import { readStatements } from './statements.ts';

/** One `FROM` and what follows it. */
export interface Stage {
  /** Counted from 0. */
  readonly index: number;
  readonly from: From;
  readonly instructions: readonly Instruction[];
}

/** A Dockerfile, understood but with its variables still in. */
export interface Dockerfile {
  readonly source: string;
  readonly directives: Directives;
  /** Before the first FROM. */
  readonly globalArgs: readonly Arg[];
  readonly stages: readonly Stage[];
  /** Lines of statements that have an empty line within. */
  readonly emptyContinuations: readonly Lines[];
}

/** Ten times what any Dockerfile that people write has. */
const MAX_SIZE = 16 * 2 ** 20;

/** Reads a Dockerfile. @throws DockerfileError with the line */
export function parseDockerfile(text: string): Dockerfile {
  if (text.length > MAX_SIZE) {
    throw new DockerfileError(`the Dockerfile is too large: ${text.length} bytes, ${MAX_SIZE} are allowed`);
  }
  const source = text.replace(/^\uFEFF/, '');
  const lines = source.split('\n');
  const directives = parseDirectives(lines);
  const statements = readStatements(lines, directives);
  if (statements.length === 0)
    throw new DockerfileError('the Dockerfile cannot be empty: it needs a FROM instruction');
  const { globalArgs, stages } = gather(statements, directives.escape);
  const emptyContinuations = statements.filter((each) => each.emptyContinuation).map((each) => each.lines);
  return { source, directives, globalArgs, stages, emptyContinuations };
}

function gather(statements: readonly Statement[], escape: string): Pick<Dockerfile, 'globalArgs' | 'stages'> {
  const globalArgs: Arg[] = [];
  const stages: { index: number; from: From; instructions: Instruction[] }[] = [];
  for (const statement of statements) {
    const instruction = parseInstruction(statement, escape);
    const stage = stages.at(-1);
    if (instruction.kind === 'FROM')
      stages.push({ index: stages.length, from: instruction, instructions: [] });
    else if (stage) stage.instructions.push(instruction);
    else if (instruction.kind === 'ARG') globalArgs.push(instruction);
    else
      throw new DockerfileError(
        'no build stage in current context: the first instruction must be FROM',
        statement.lines,
      );
  }
  if (stages.length === 0)
    throw new DockerfileError('no build stage in current context: the Dockerfile needs a FROM instruction');
  return { globalArgs, stages };
}

/** A single instruction outside of a file: a trigger of ONBUILD, `--change` of commit. @throws DockerfileError */
export function parseTrigger(text: string): Instruction {
  const statements = readStatements(text.split('\n'), { escape: '\\' });
  const [statement] = statements;
  if (!statement || statements.length > 1) throw new DockerfileError(`expected one instruction: ${text}`);
  const instruction = parseInstruction(statement, '\\');
  if (instruction.kind === 'FROM') throw new DockerfileError('FROM is not allowed here', statement.lines);
  return instruction;
}
