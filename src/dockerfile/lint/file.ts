import type { AnyInstruction, Arg, From } from '../instructions/instruction.ts';
import type { Dockerfile, Stage } from '../parse.ts';
import type { Finding } from './lint.ts';

/** What can be said about a Dockerfile by reading it, whatever it is built for. */
export function lintFile(dockerfile: Dockerfile): Finding[] {
  return [
    ...dockerfile.emptyContinuations.map(
      (lines): Finding => ({ rule: 'NoEmptyContinuation', message: 'Empty continuation line', lines }),
    ),
    ...casing(dockerfile),
    ...descriptions(dockerfile),
    ...stageNames(dockerfile.stages),
    ...dockerfile.stages.flatMap(({ instructions }) => instructions.flatMap(written)),
  ];
}

const isLower = (text: string): boolean => text === text.toLowerCase();
const isUpper = (text: string): boolean => text === text.toUpperCase();

function casing({ stages, globalArgs }: Dockerfile): Finding[] {
  const all: AnyInstruction[] = [
    ...globalArgs,
    ...stages.flatMap(({ from, instructions }) => [from, ...instructions]),
  ];
  const lower = all.filter(({ keyword }) => isLower(keyword)).length;
  const upper = all.filter(({ keyword }) => isUpper(keyword)).length;
  const wanted = lower > upper ? isLower : isUpper;
  const majority = lower > upper ? 'lowercase' : 'uppercase';
  return all
    .filter(({ keyword }) => !wanted(keyword))
    .map(({ keyword, lines }) => ({
      rule: 'ConsistentInstructionCasing',
      message: `Command '${keyword}' should match the case of the command majority (${majority})`,
      lines,
    }));
}

const RESERVED = new Set(['context', 'scratch']);

function stageNames(stages: readonly Stage[]): Finding[] {
  const seen = new Set<string>();
  return stages.flatMap(({ from }) => {
    const { name, writtenName = '', keyword, as = '', lines } = from;
    const found: Finding[] = [];
    if (name === undefined) return found;
    if (!isLower(writtenName)) {
      const message = `Stage name '${writtenName}' should be lowercase`;
      found.push({ rule: 'StageNameCasing', message, lines });
    }
    if ((isLower(keyword) && !isLower(as)) || (isUpper(keyword) && !isUpper(as))) {
      const message = `'${as}' and '${keyword}' keywords' casing do not match`;
      found.push({ rule: 'FromAsCasing', message, lines });
    }
    if (RESERVED.has(name)) {
      const message = `Stage name should not use the same name as reserved stage "${name}"`;
      found.push({ rule: 'ReservedStageName', message, lines });
    }
    if (seen.has(name)) {
      const message = `Duplicate stage name "${writtenName}", stage names should be unique`;
      found.push({ rule: 'DuplicateStageName', message, lines });
    }
    seen.add(name);
    return found;
  });
}

function written(instruction: AnyInstruction): Finding[] {
  const { lines } = instruction;
  if (instruction.kind === 'MAINTAINER') {
    const message = 'Maintainer instruction is deprecated in favor of using label';
    return [{ rule: 'MaintainerDeprecated', message, lines }];
  }
  if ((instruction.kind === 'ENV' || instruction.kind === 'LABEL') && instruction.legacy) {
    const { kind } = instruction;
    const message = `"${kind} key=value" should be used instead of legacy "${kind} key value" format`;
    return [{ rule: 'LegacyKeyValueFormat', message, lines }];
  }
  return [];
}

/** A comment right above a stage or an argument is its description, and begins with its name. */
function descriptions({ stages, globalArgs }: Dockerfile): Finding[] {
  const args = stages.flatMap(({ instructions }) =>
    instructions.filter((each): each is Arg => each.kind === 'ARG'),
  );
  return [
    ...[...globalArgs, ...args].flatMap((arg) =>
      description(
        arg,
        arg.args.map(({ name }) => name),
      ),
    ),
    ...stages.flatMap(({ from }) => description(from, from.name === undefined ? [] : [from.name])),
  ];
}

function description({ kind, comment, lines }: Arg | From, names: readonly string[]): Finding[] {
  const [first] = names;
  const said = comment.at(-1);
  if (first === undefined || said === undefined) return [];
  if (names.includes(said.split(' ', 1)[0] ?? '')) return [];
  const example = names.length > 1 ? '<arg_key>' : first;
  const message = `Comment for ${kind} should follow the format: \`# ${example} <description>\``;
  return [{ rule: 'InvalidDefinitionDescription', message, lines }];
}
